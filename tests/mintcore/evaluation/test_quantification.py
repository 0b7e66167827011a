from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from mintcore.evaluation.quantification import Share, counted_share, mixture_share

SHARES = (0.0, 0.05, 0.3, 1.0)
SEPARATIONS = (0.5, 2.5)
Groups = tuple[np.ndarray, np.ndarray, np.ndarray]


def by_count(groups: Groups, distance: float) -> Share | None:
    return counted_share(*groups, distance / 2)


def by_mixture(groups: Groups, distance: float) -> Share | None:
    return mixture_share(*(expit(distance * each - distance**2 / 2) for each in groups))


def by_wrong_mixture(groups: Groups, distance: float) -> Share | None:
    """The calibration is three times too steep, and off its centre."""
    return mixture_share(*(expit(3 * distance * each - 0.5) for each in groups))


def drawn(rng: np.random.Generator, distance: float, share: float, n: int = 300) -> Groups:
    audited = rng.normal(0, 1, n) + distance * (np.arange(n) < round(share * n))
    return audited, rng.normal(distance, 1, 400), rng.normal(0, 1, 350)


def simulated(
    estimate: Callable[[Groups, float], Share | None], distance: float, share: float, rounds: int
) -> list[Share]:
    rng = np.random.default_rng(int(100 * distance + 10 * share))
    found = [estimate(drawn(rng, distance, share), distance) for _ in range(rounds)]
    assert all(each is not None for each in found)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("distance", SEPARATIONS)
@pytest.mark.parametrize("estimate", [by_count, by_mixture, by_wrong_mixture])
def test_share__interval_covers_the_truth(
    estimate: Callable[[Groups, float], Share | None], distance: float, share: float
) -> None:
    """Nearer to 0 or 1 than the interval is wide, only one end can miss: 97.5% are right there.

    The median is the estimator's middle even where estimates are cut off at 0 or 1, which moves their mean.
    """
    rounds = 250
    found = simulated(estimate, distance, share, rounds)
    covered = np.mean([each.interval[0] <= share <= each.interval[1] for each in found])
    error = (0.95 * 0.05 / rounds) ** 0.5
    assert covered >= 0.95 - 2 * error
    assert covered <= 0.95 + 2 * error or share != 0.3
    assert np.median([each.value for each in found]) == pytest.approx(share, abs=0.035)


def test_mixture_share__is_the_narrower_of_the_two() -> None:
    def width(estimate: Callable[[Groups, float], Share | None], distance: float) -> float:
        found = simulated(estimate, distance, 0.3, 40)
        return float(np.mean([each.interval[1] - each.interval[0] for each in found]))

    for distance in SEPARATIONS:
        assert width(by_mixture, distance) < 0.9 * width(by_count, distance)


@pytest.mark.parametrize("estimate", [by_count, by_mixture])
def test_share__is_not_measurable_when_the_auditor_is_blind(
    estimate: Callable[[Groups, float], Share | None],
) -> None:
    rng = np.random.default_rng(0)
    audited, known = rng.normal(size=200), rng.normal(size=200)
    assert estimate((audited, known, known.copy()), 0.5) is None
    assert estimate((np.zeros(30), np.zeros(30), np.zeros(30)), 0.5) is None


@pytest.mark.parametrize("estimate", [by_count, by_mixture])
def test_share__of_separated_scores_is_the_share(
    estimate: Callable[[Groups, float], Share | None],
) -> None:
    audited = np.concatenate([np.full(30, 9.0), np.full(70, -9.0)])
    found = estimate((audited, np.full(50, 9.0), np.full(60, -9.0)), 1.0)
    assert found is not None
    assert found.value == pytest.approx(0.3, abs=0.01)
    assert found.interval[0] <= 0.3 <= found.interval[1]


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.sampled_from([by_count, by_mixture]))
def test_share__order_does_not_matter_and_the_interval_holds_the_estimate(
    seed: int, share: float, estimate: Callable[[Groups, float], Share | None]
) -> None:
    rng = np.random.default_rng(seed)
    groups = drawn(rng, 1.5, share, 60)
    shuffled = (rng.permutation(groups[0]), rng.permutation(groups[1]), rng.permutation(groups[2]))
    one, two = estimate(groups, 1.5), estimate(shuffled, 1.5)
    assert one is not None
    assert two is not None
    assert one.value == pytest.approx(two.value, abs=1e-9)
    assert 0 <= one.interval[0] <= one.value <= one.interval[1] <= 1
