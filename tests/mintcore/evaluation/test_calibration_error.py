import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.evaluation.calibration_error import _gaps, calibration_error


def drawn(
    rng: np.random.Generator, n: int, distance: float, slope: float
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities whose logits are ``slope`` times the right ones."""
    is_member = np.arange(2 * n) < n
    score = rng.normal(size=2 * n) + distance * is_member
    return 1 / (1 + np.exp(-slope * distance * (score - distance / 2))), is_member


def true_error(distance: float, slope: float) -> float:
    if slope == 1:
        return 0.0
    gaps, _ = _gaps(*drawn(np.random.default_rng(9), 200_000, distance, slope))
    return float(np.abs(gaps).sum())


@pytest.mark.parametrize(
    ("distance", "slope"), [(0.5, 1), (1.5, 1), (3, 1), (0.5, 2), (0.5, 4), (1.5, 1.5), (1.5, 0.5)]
)
def test_calibration_error__interval_covers_the_truth(distance: float, slope: float) -> None:
    """At 0 only the lower end can miss, so coverage there is up to 98%; elsewhere it is nominal."""
    truth, rng, rounds = true_error(distance, slope), np.random.default_rng(1), 1000
    covered, values = 0, []
    for _ in range(rounds):
        found = calibration_error(*drawn(rng, 250, distance, slope))
        covered += found.interval[0] <= truth <= found.interval[1]
        values.append(found.value)
    assert covered / rounds >= 0.935
    assert truth == 0 or covered / rounds <= 0.97
    assert truth == 0 or np.mean(values) == pytest.approx(truth, abs=0.008)


def test_calibration_error__noise_is_taken_off() -> None:
    found = [
        calibration_error(*drawn(np.random.default_rng(seed), 100, 0.5, 1)) for seed in range(200)
    ]
    observed = np.mean([each.observed for each in found])
    assert observed == pytest.approx(
        np.mean([each.observed_if_calibrated for each in found]), abs=0.005
    )
    assert np.mean([each.value for each in found]) < 0.45 * observed


def test_calibration_error__one_probability_for_all_is_right_about_halves() -> None:
    is_member = np.arange(30) < 10
    found = calibration_error(np.full(30, 0.5), is_member)
    assert found.value == pytest.approx(0)
    assert calibration_error(np.full(30, 0.8), is_member).observed == pytest.approx(0.3)


@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.floats(0.1, 4))
def test_calibration_error__does_not_depend_on_the_order(
    seed: int, n: int, distance: float
) -> None:
    rng = np.random.default_rng(seed)
    probability, is_member = drawn(rng, n, distance, 1)
    order = rng.permutation(2 * n)
    one, two = (
        calibration_error(p, y)
        for p, y in ((probability, is_member), (probability[order], is_member[order]))
    )
    assert (one.value, *one.interval) == pytest.approx((two.value, *two.interval), abs=1e-6)
    assert 0 <= one.interval[0] <= one.value <= one.interval[1] <= 1
