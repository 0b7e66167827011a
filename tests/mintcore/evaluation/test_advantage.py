import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from mintcore.evaluation.advantage import advantage
from mintcore.evaluation.roc import auc


def drawn(
    rng: np.random.Generator, n: int, shifts: tuple[float, ...]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Scores of several networks on the same images: they have three tenths of their noise in common."""
    is_member = np.arange(2 * n) < n
    common = rng.normal(size=2 * n)
    return [
        0.3**0.5 * common + 0.7**0.5 * rng.normal(size=2 * n) + shift * is_member
        for shift in shifts
    ], is_member


@pytest.mark.parametrize(
    "shifts",
    [
        (0, 0),
        (0.5, 0),
        (1.5, 0),
        (4, 0),
        (3, 2.5),
        (0.5, 0, 0),
        (0.5, 0, 0, 0),
        (1, 0.3, 0, -0.1),
        (1, 0.1, 0, 0),
        (0, 0.5, 0.5),
    ],
)
def test_advantage__interval_covers_the_truth(shifts: tuple[float, ...]) -> None:
    """Also where several baselines are equally good, so that the best on the test images is a matter of luck."""
    auditor, *blinds = (norm.cdf(shift / 2**0.5) for shift in shifts)
    truth, rng, rounds = auditor - max(blinds), np.random.default_rng(0), 600
    covered = above = 0
    for _ in range(rounds):
        scores, is_member = drawn(rng, 150, shifts)
        low, high = advantage(scores[0], scores[1:], is_member).interval
        covered += low <= truth <= high
        above += low > truth
    assert covered / rounds >= 0.935
    assert covered / rounds <= 0.97
    assert above / rounds <= 0.035  # the end that a finding rests on: nominal 2.5%


@pytest.mark.parametrize("shifts", [(4, 3), (5, 4), (4, 4)])
def test_advantage__is_not_certain_where_almost_all_images_are_told_apart(
    shifts: tuple[float, float],
) -> None:
    auditor, blind = (norm.cdf(shift / 2**0.5) for shift in shifts)
    rng, rounds = np.random.default_rng(0), 500
    covered = 0
    for _ in range(rounds):
        scores, is_member = drawn(rng, 150, shifts)
        low, high = advantage(scores[0], scores[1:], is_member).interval
        covered += low <= auditor - blind <= high
    assert covered / rounds >= 0.935


def test_advantage__same_scores_have_none() -> None:
    (scores,), is_member = drawn(np.random.default_rng(2), 100, (1,))
    found = advantage(scores, [scores], is_member)
    assert found.value == 0.0
    assert found.interval == pytest.approx((0, 0), abs=0.01)


def test_advantage__is_taken_over_the_best_blind_baseline() -> None:
    (auditor, poor, good), is_member = drawn(np.random.default_rng(3), 1000, (2, 0, 1))
    found = advantage(auditor, [poor, good], is_member)
    assert found.best_blind == 1
    assert found.value == pytest.approx(
        auc(auditor[is_member], auditor[~is_member]) - auc(good[is_member], good[~is_member])
    )
    assert found.interval[0] < found.value < found.interval[1]


@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
def test_advantage__one_more_baseline_never_raises_it(seed: int, n: int) -> None:
    (auditor, *blinds), is_member = drawn(np.random.default_rng(seed), n, (1, 0, 0.5, 1))
    few, more = (advantage(auditor, blinds[:k], is_member) for k in (2, 3))
    assert more.value <= few.value
    assert more.interval[0] <= few.interval[0]
    assert more.interval[0] <= more.value <= more.interval[1]
