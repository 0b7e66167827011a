import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.evaluation.drift import score_drift


def test_score_drift__hand_worked_distances() -> None:
    audited, held_out, training = np.array([3.0, 4.0]), np.array([1.0, 3.5]), np.array([1.0, 2.0])
    found = score_drift(audited, held_out, training)
    assert found.from_training == 1.0
    assert found.expected == 0.5
    assert found.from_held_out == 0.5
    assert found.p_value == pytest.approx(1.0)  # any order of four images has a distance this large


def test_score_drift__what_the_fit_alone_makes_is_no_drift() -> None:
    """Same source, but the network knows its training externals: far from them, yet nothing is tested positive."""
    rng = np.random.default_rng(0)
    found = score_drift(rng.normal(size=400), rng.normal(size=300), rng.normal(-2, 1, 500))
    assert min(found.from_training, found.expected) > 0.6
    assert found.p_value > 0.05


def test_score_drift__sees_a_change_of_shape_that_an_auc_does_not() -> None:
    rng = np.random.default_rng(0)
    found = score_drift(rng.normal(0, 3, 400), rng.normal(0, 1, 300), rng.normal(0, 1, 300))
    assert found.p_value < 1e-6
    assert found.from_held_out > 0.2


def test_score_drift__alarms_no_more_often_than_it_says() -> None:
    rng, rounds = np.random.default_rng(0), 400
    alarms = [
        score_drift(rng.normal(size=60), rng.normal(size=90), np.zeros(2)).p_value <= 0.05
        for _ in range(rounds)
    ]
    assert np.mean(alarms) <= 0.05 + 2 * (0.05 * 0.95 / rounds) ** 0.5


@given(st.integers(0, 2**32 - 1))
def test_score_drift__no_monotone_change_of_scale_matters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = [rng.normal(shift, 1, 30) for shift in (0.5, 0.0, -0.5)]
    plain, changed = score_drift(*groups), score_drift(*(np.exp(group) for group in groups))
    assert plain == changed
