import numpy as np
import pytest

from mintcore.evaluation.metrics import measure, set_p_value
from mintcore.evaluation.ranks import conformal_p_values


def test_measure__hand_worked() -> None:
    scores = np.array([0.9, 0.8, 0.3, 0.7, 0.2, 0.1])
    is_member = np.array([True, True, True, False, False, False])
    found = measure(scores, is_member, threshold=0.5)
    assert found.auc == pytest.approx(8 / 9)
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.balanced_accuracy == pytest.approx(2 / 3)
    assert found.low_fpr == (None, None)
    assert (found.n_members, found.n_externals) == (3, 3)


def test_conformal_p_values__hand_worked() -> None:
    external = np.array([1.0, 2.0, 3.0, 4.0])
    assert conformal_p_values(np.array([5.0, 3.0, 0.0]), external).tolist() == [0.2, 0.6, 1.0]


def test_conformal_p_values__of_externals_are_not_small_too_often() -> None:
    rng = np.random.default_rng(0)
    p = conformal_p_values(rng.normal(size=4000), rng.normal(size=2000))
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_set_p_value__only_higher_scores_count() -> None:
    rng = np.random.default_rng(0)
    external = rng.normal(size=300)
    assert set_p_value(rng.normal(1, 1, 100), external) < 1e-6
    assert set_p_value(rng.normal(-1, 1, 100), external) > 0.99
