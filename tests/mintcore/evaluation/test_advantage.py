import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mintcore.evaluation.advantage import _weighted_auc, advantage, bootstrap_aucs
from mintcore.evaluation.intervals import placements


def test_weighted_auc__equals_scikit_learn_with_weights() -> None:
    rng = np.random.default_rng(0)
    scores = np.sort(rng.integers(0, 6, 40).astype(float))
    is_member = rng.random(40) < 0.5
    weights = rng.integers(0, 4, (3, 40)).astype(float)
    expected = [roc_auc_score(is_member, scores, sample_weight=row) for row in weights]
    assert _weighted_auc(scores, is_member, weights) == pytest.approx(expected)


def test_bootstrap_aucs__spread_is_delongs() -> None:
    rng = np.random.default_rng(1)
    is_member = np.arange(600) < 300
    scores = rng.normal(0, 1, 600) + is_member
    resampled = bootstrap_aucs(scores[None], is_member, seed=0, resamples=2000)[:, 0]
    by_member, by_external = placements(scores[is_member], scores[~is_member])
    delong = np.sqrt(by_member.var(ddof=1) / 300 + by_external.var(ddof=1) / 300)
    assert resampled.std() == pytest.approx(delong, rel=0.06)


def test_advantage__same_scores_have_none() -> None:
    rng = np.random.default_rng(2)
    is_member = np.arange(200) < 100
    scores = rng.normal(0, 1, 200) + is_member
    found = advantage(scores, [scores], is_member, seed=0)
    assert found.value == 0.0
    assert found.interval == (0.0, 0.0)


def test_advantage__is_taken_over_the_best_blind_baseline() -> None:
    rng = np.random.default_rng(3)
    is_member = np.arange(2000) < 1000
    auditor = rng.normal(0, 1, 2000) + 2 * is_member
    poor, good = rng.normal(0, 1, 2000), rng.normal(0, 1, 2000) + is_member
    found = advantage(auditor, [poor, good], is_member, seed=0)
    assert found.best_blind == 1
    assert found.value == pytest.approx(0.921 - 0.760, abs=0.03)
    assert found.interval[0] < found.value < found.interval[1]


def test_advantage__of_chance_over_chance_covers_zero_or_less() -> None:
    rng = np.random.default_rng(4)
    is_member = np.arange(400) < 200
    misses = 0
    for seed in range(40):
        auditor, blind = rng.normal(0, 1, 400), rng.normal(0, 1, 400)
        misses += advantage(auditor, [blind], is_member, seed=seed).interval[0] > 0
    assert misses <= 5  # one tail of 2.5% in 40 rounds; six or more would be a 1-in-2,000 event
