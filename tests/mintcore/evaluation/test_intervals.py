import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from mintcore.evaluation.intervals import auc_interval, clopper_pearson, placements


def test_clopper_pearson__known_value() -> None:
    # R: binom.test(5, 10)$conf.int
    assert clopper_pearson(5, 10) == pytest.approx((0.1870860, 0.8129140), abs=1e-6)


def test_clopper_pearson__no_successes_reaches_zero() -> None:
    low, high = clopper_pearson(0, 20)
    assert low == 0.0
    assert high == pytest.approx(1 - 0.025 ** (1 / 20))


def test_placements__mean_is_the_auc_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    positive, negative = rng.integers(0, 9, 50).astype(float), rng.integers(0, 7, 70).astype(float)
    by_positive, by_negative = placements(positive, negative)
    expected = roc_auc_score([1] * 50 + [0] * 70, np.concatenate([positive, negative]))
    assert by_positive.mean() == pytest.approx(expected)
    assert by_negative.mean() == pytest.approx(expected)


def test_placements__hand_worked_with_a_tie() -> None:
    by_positive, by_negative = placements(np.array([1.0, 3.0]), np.array([1.0, 2.0]))
    assert by_positive.tolist() == [0.25, 1.0]
    assert by_negative.tolist() == [0.75, 0.5]


@pytest.mark.parametrize("shift", [0.0, 0.7, 2.0])
def test_auc_interval__covers_the_truth_at_its_nominal_rate(shift: float) -> None:
    truth = norm.cdf(shift / np.sqrt(2))
    rng = np.random.default_rng(1)
    rounds = 1000
    covered = 0
    for _ in range(rounds):
        low, high = auc_interval(rng.normal(shift, 1, 120), rng.normal(0, 1, 150))
        covered += low <= truth <= high
    # three standard errors of a simulated 95% around 95%
    assert 0.929 <= covered / rounds <= 0.971


def test_auc_interval__perfect_separation_is_not_claimed_to_be_certain() -> None:
    low, high = auc_interval(np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0]))
    assert high == 1.0
    assert low == pytest.approx(0.025 ** (1 / 3))
