import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from mintcore.evaluation.roc import (
    auc,
    balanced_threshold,
    corners,
    curve,
    measured_at,
    rate_at_fpr,
    threshold_at,
)

SCORES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30).map(np.array)


@given(SCORES, SCORES)
def test_auc__equals_scikit_learn(positive: np.ndarray, negative: np.ndarray) -> None:
    targets = [1] * len(positive) + [0] * len(negative)
    expected = roc_auc_score(targets, np.concatenate([positive, negative]))
    assert auc(positive, negative) == pytest.approx(expected)


@given(SCORES, SCORES)
def test_corners__equal_scikit_learn(positive: np.ndarray, negative: np.ndarray) -> None:
    targets = [1] * len(positive) + [0] * len(negative)
    expected = roc_curve(targets, np.concatenate([positive, negative]))
    for own, theirs in zip(corners(positive, negative), expected, strict=True):
        assert own.tolist() == theirs.tolist()


@given(SCORES, SCORES)
def test_auc__swapping_the_groups_mirrors_it(positive: np.ndarray, negative: np.ndarray) -> None:
    assert auc(positive, negative) == pytest.approx(1 - auc(negative, positive))


@given(SCORES, SCORES, st.sampled_from([0.05, 0.1, 0.5, 1.0]))
def test_rate_at_fpr__never_lets_more_externals_through(
    positive: np.ndarray, negative: np.ndarray, fpr: float
) -> None:
    rate = rate_at_fpr(positive, negative, fpr)
    assert rate is None or rate.realised_fpr <= fpr


def test_rate_at_fpr__hand_worked() -> None:
    negative = np.arange(100.0)
    rate = rate_at_fpr(np.array([98.5, 99.5, 50.0, 98.0]), negative, 0.01)
    assert rate is not None
    assert rate.tpr == 0.5  # the two above 98, the second-highest external
    assert rate.realised_fpr == 0.01


def test_rate_at_fpr__too_few_externals_is_not_measurable() -> None:
    assert rate_at_fpr(np.ones(5), np.zeros(999), 0.001) is None


def test_curve__starts_and_ends_in_the_corners() -> None:
    rng = np.random.default_rng(0)
    points = curve(rng.normal(1, 1, 3000), rng.normal(0, 1, 3000))
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (1.0, 1.0)
    assert len(points) < 600


def test_balanced_threshold__separates_what_can_be_separated() -> None:
    threshold = balanced_threshold(np.array([2.0, 3.0]), np.array([0.0, 1.0]))
    assert 1.0 < threshold <= 2.0


def test_balanced_threshold__is_finite_when_nothing_separates() -> None:
    assert np.isfinite(balanced_threshold(np.array([0.0]), np.array([1.0])))


def test_balanced_threshold__of_one_group_is_its_median() -> None:
    assert balanced_threshold(np.array([1.0, 3.0]), np.empty(0)) == 2.0
    assert balanced_threshold(np.empty(0), np.empty(0)) == 0.0


@pytest.mark.parametrize(("n_negative", "fpr"), [(300, 0.01), (3000, 0.01), (3000, 0.001)])
@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_rate_at_fpr__interval_covers_the_rate_at_the_asked_fpr(
    n_negative: int, fpr: float, shift: float
) -> None:
    """Order statistics are whole numbers: where few negatives are above the threshold, coverage rises towards 100%."""
    truth, rng, rounds = norm.sf(norm.isf(fpr) - shift), np.random.default_rng(1), 600
    covered = 0
    for _ in range(rounds):
        found = rate_at_fpr(rng.normal(shift, 1, 400), rng.normal(0, 1, n_negative), fpr)
        assert found is not None
        covered += found.tpr_ci[0] <= truth <= found.tpr_ci[1]
    assert covered / rounds >= 0.935


@pytest.mark.parametrize(("n", "fpr"), [(150, 0.01), (1500, 0.001), (1999, 0.01)])
def test_threshold_at__later_negatives_are_let_through_at_the_asked_rate(
    n: int, fpr: float
) -> None:
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(2000):
        threshold = threshold_at(rng.normal(size=n), fpr)
        assert threshold is not None
        rates.append(norm.sf(threshold))
    allowed = int(fpr * (n + 1)) / (n + 1)
    assert np.mean(rates) == pytest.approx(allowed, rel=0.06)
    assert allowed <= fpr


def test_threshold_at__too_few_negatives_have_none() -> None:
    assert threshold_at(np.arange(98.0), 0.01) is None
    assert threshold_at(np.arange(99.0), 0.01) == 98.0
    assert measured_at(np.zeros(3), np.array([True, True, False]), None)["tpr"] is None


def test_measured_at__hand_worked() -> None:
    found = measured_at(np.array([1.0, 2.0, 3.0, 2.0]), np.array([True, True, True, False]), 2.0)
    assert (found["tpr"], found["fpr"]) == (pytest.approx(2 / 3), 1.0)
