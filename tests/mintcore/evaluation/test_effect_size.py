import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, norm

from mintcore.evaluation.effect_size import cliffs_delta

SCORES = st.lists(st.integers(0, 8), min_size=2, max_size=30).map(lambda row: np.array(row, float))


def test_cliffs_delta__hand_worked() -> None:
    """Of nine pairs five are above, three are below, and one is tied."""
    found = cliffs_delta(np.array([1.0, 4.0, 6.0]), np.array([2.0, 3.0, 4.0]))
    assert found.value == pytest.approx((5 - 3) / 9)


@given(SCORES, SCORES)
def test_cliffs_delta__is_that_of_mann_whitney_and_turns_with_the_groups(
    one: np.ndarray, two: np.ndarray
) -> None:
    found = cliffs_delta(one, two)
    u = mannwhitneyu(one, two).statistic
    assert found.value == pytest.approx(2 * u / (len(one) * len(two)) - 1)
    assert -1 <= found.interval[0] <= found.value + 1e-12
    assert found.value - 1e-12 <= found.interval[1] <= 1
    assert cliffs_delta(two, one).value == pytest.approx(-found.value)


def test_cliffs_delta__interval_covers_the_truth() -> None:
    truth = 2 * norm.cdf(0.4 / np.sqrt(2)) - 1
    rng, rounds = np.random.default_rng(0), 400
    covered = 0
    for _ in range(rounds):
        low, high = cliffs_delta(rng.normal(0.4, 1, 80), rng.normal(0, 1, 120)).interval
        covered += low <= truth <= high
    assert 0.95 - 0.025 <= covered / rounds <= 0.95 + 0.03
