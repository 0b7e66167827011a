import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from mintcore.evaluation.equal_error import equal_error_rate

SCORES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30).map(np.array)


@pytest.mark.parametrize("sizes", [(60, 600), (150, 100), (400, 400)])
@pytest.mark.parametrize(
    ("shift", "spread"), [(0, 1), (1, 1), (2, 1), (4, 1), (1, 2.5), (2, 0.4), (-1, 1)]
)
def test_equal_error_rate__interval_covers_the_truth(
    sizes: tuple[int, int], shift: float, spread: float
) -> None:
    """Exact intervals are conservative where errors are few, so coverage may rise to 99%; it never falls."""
    crossing = brentq(lambda t: norm.cdf((t - shift) / spread) - norm.sf(t), -9, 9)
    truth, rng, rounds = norm.sf(crossing), np.random.default_rng(1), 800
    covered = 0
    for _ in range(rounds):
        found = equal_error_rate(rng.normal(shift, spread, sizes[0]), rng.normal(0, 1, sizes[1]))
        covered += found.interval[0] <= truth <= found.interval[1]
    # nominal less 1.5 points, and less 1.5 standard errors of the simulation
    assert covered / rounds >= 0.935 - 0.0116


def test_equal_error_rate__hand_worked() -> None:
    # one of four members below one of four externals: at 2.5 one is missed and one accused
    found = equal_error_rate(np.array([2.0, 4.0, 5.0, 6.0]), np.array([0.0, 1.0, 1.5, 3.0]))
    assert found.value == 0.25


@pytest.mark.parametrize(("above", "expected"), [(1.0, 0.0), (-1.0, 1.0), (0.0, 0.5)])
def test_equal_error_rate__separated_reversed_and_constant(above: float, expected: float) -> None:
    found = equal_error_rate(np.full(40, above), np.zeros(40))
    assert found.value == expected
    assert found.interval[1] - found.interval[0] > 0.05


@given(SCORES, SCORES)
def test_equal_error_rate__swapping_the_groups_mirrors_it(
    positive: np.ndarray, negative: np.ndarray
) -> None:
    one, two = equal_error_rate(positive, negative), equal_error_rate(negative, positive)
    assert one.value == pytest.approx(1 - two.value)
    assert 0 <= one.interval[0] <= one.value <= one.interval[1] <= 1


@given(SCORES, SCORES)
def test_equal_error_rate__rising_scores_keep_it(
    positive: np.ndarray, negative: np.ndarray
) -> None:
    rate = equal_error_rate(positive, negative).value
    assert equal_error_rate(np.exp(positive), np.exp(negative)).value == pytest.approx(rate)
