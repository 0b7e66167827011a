import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm
from sklearn.metrics import roc_auc_score

from mintcore.evaluation.intervals import (
    auc_interval,
    clopper_pearson,
    exact_rate_interval,
    mean_of_rates_interval,
    placements,
    square_and_add,
    wilson,
)


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


@pytest.mark.parametrize(
    ("shift", "spread"), [(0, 1), (0.7, 1), (2, 1), (3, 1), (-2, 1), (1, 2), (4, 1), (3, 0.3)]
)
def test_auc_interval__covers_the_truth(shift: float, spread: float) -> None:
    """Where next to no pair is on the wrong side (the last two: .998) it is conservative, never too narrow."""
    truth = norm.cdf(shift / np.hypot(1, spread))
    rng, rounds = np.random.default_rng(1), 1000
    covered = 0
    for _ in range(rounds):
        low, high = auc_interval(rng.normal(shift, spread, 120), rng.normal(0, 1, 150))
        covered += low <= truth <= high
    assert covered / rounds >= 0.935
    assert covered / rounds <= 0.975 or min(truth, 1 - truth) < 0.02


@pytest.mark.parametrize("rates", [(0.5, 0.5), (0.9, 0.6), (0.98, 0.95), (0.1, 0.02)])
@pytest.mark.parametrize("trials", [(40, 60), (400, 1000)])
def test_mean_of_rates_interval__covers_the_truth(
    rates: tuple[float, float], trials: tuple[int, int]
) -> None:
    rng, rounds = np.random.default_rng(0), 1500
    hits = [rng.binomial(n, p, rounds) for n, p in zip(trials, rates, strict=True)]
    covered = 0
    for one, two in zip(*hits, strict=True):
        low, high = mean_of_rates_interval([(one, trials[0]), (two, trials[1])])
        covered += low <= sum(rates) / 2 <= high
    assert 0.935 <= covered / rounds <= 0.975


@pytest.mark.parametrize("rate", [0.001, 0.05, 0.5, 0.97])
@pytest.mark.parametrize("trials", [30, 400])
def test_clopper_pearson__never_covers_less_than_it_says(rate: float, trials: int) -> None:
    """Exact over all outcomes: conservative by construction, because counts are whole numbers."""
    counts = np.arange(trials + 1)
    covers = [
        low <= rate <= high for low, high in (clopper_pearson(int(k), trials) for k in counts)
    ]
    assert binom.pmf(counts, trials, rate)[covers].sum() >= 0.95


@pytest.mark.parametrize(("successes", "trials"), [(0, 7), (7, 50), (30, 30)])
def test_wilson__is_that_of_scipy(successes: int, trials: int) -> None:
    expected = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high))


def test_exact_rate_interval__is_clopper_pearsons_at_whole_counts() -> None:
    assert exact_rate_interval(0.3, 20) == pytest.approx(clopper_pearson(6, 20))
    assert exact_rate_interval(0.0, 20) == pytest.approx(clopper_pearson(0, 20))
    assert exact_rate_interval(1.0, 20) == pytest.approx(clopper_pearson(20, 20))


def test_square_and_add__is_the_normal_interval_of_symmetric_parts() -> None:
    parts = [(1.0, 5.0, (2.0, 8.0)), (-1.0, 1.0, (-3.0, 5.0))]
    assert square_and_add(parts) == pytest.approx((4 - 5, 4 + 5))
    assert square_and_add(parts, correlation=1.0) == pytest.approx((4 - 1, 4 + 1))
    summed = [(0.5, 1.0, (0.0, 3.0)), (0.5, 2.0, (1.0, 2.0))]
    assert square_and_add(summed) == pytest.approx((1.5 - 0.5**0.5, 1.5 + 1.0))


def test_auc_interval__perfect_separation_is_not_claimed_to_be_certain() -> None:
    low, high = auc_interval(np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0]))
    assert high == 1.0
    assert low == pytest.approx(0.025 ** (1 / 3))
