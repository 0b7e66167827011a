import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mintcore.evaluation.intervals import binomial_quantile
from mintcore.evaluation.ranks import average_ranks


@given(st.lists(st.integers(-5, 5) | st.floats(-10, 10), min_size=1, max_size=40))
def test_average_ranks__are_those_of_scipy(values: list[float]) -> None:
    numbers = np.array(values, float)
    assert average_ranks(numbers).tolist() == stats.rankdata(numbers).tolist()


def test_average_ranks__nan_is_not_ranked() -> None:
    assert np.isnan(average_ranks(np.array([1.0, np.nan]))).all()


@pytest.mark.parametrize("trials", [1, 9, 100, 1000, 20_000])
@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1, 0.5, 0.9])
def test_binomial_quantile__is_that_of_scipy(trials: int, rate: float) -> None:
    for share in (0.001, 0.025, 0.5, 0.975, 0.999):
        assert binomial_quantile(share, trials, rate) == stats.binom.ppf(share, trials, rate)
