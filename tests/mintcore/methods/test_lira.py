import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from mintcore.methods.lira import lira_offline, lira_online

VALUES = st.floats(-20, 20)
SHOWN = st.tuples(st.integers(1, 4), st.integers(2, 5), st.integers(1, 5), st.integers(1, 3))


def column(*values: float) -> np.ndarray:
    """A row an image, one query."""
    return np.array(values)[:, None]


def test_lira_online__by_hand() -> None:
    # Image 1: inside 3, 5 (mean 4), outside 0, 2 (mean 1); image 2: inside 1, 3 (mean 2), outside -1, 1 (mean 0).
    # All inside: 3, 5, 1, 3: mean 3, variance (0 + 4 + 4 + 0) / 4 = 2.
    # Observed 3: ((3 - 1)^2 - (3 - 4)^2) / (2 * 2) = 3/4; observed 0: ((0 - 0)^2 - (0 - 2)^2) / 4 = -1.
    inside = np.stack([column(3, 1), column(5, 3)])
    outside = np.stack([column(0, -1), column(2, 1)])
    scores = lira_online(column(3, 0), inside, outside, variance_each=False)
    assert scores == pytest.approx([0.75, -1.0])


def test_lira_online__with_a_variance_each_by_hand() -> None:
    # Inside 3, 5: mean 4, sd 1; outside 0, 4: mean 2, sd 2; observed 3:
    # log N(3; 4, 1) - log N(3; 2, 2) = -1/2 + 1/8 + log 2
    inside, outside = np.stack([column(3), column(5)]), np.stack([column(0), column(4)])
    scores = lira_online(column(3), inside, outside, variance_each=True)
    assert scores == pytest.approx([-0.375 + math.log(2)])


def test_lira_offline__by_hand() -> None:
    # Outside 1, 3: mean 2, sd 1; observed 3 and 2: Phi(1) = .841345 and Phi(0) = .5
    outside = np.stack([column(1, 1), column(3, 3)])
    scores = lira_offline(column(3, 2), outside, variance_each=True)
    assert np.exp(-np.exp(-scores)) == pytest.approx([0.841345, 0.5], abs=1e-6)


def test_lira_offline__queries_by_hand() -> None:
    # Two queries, both of mean 2 and sd 1: the mean of log Phi(1) and log Phi(0)
    outside = np.array([[[1.0, 1.0]], [[3.0, 3.0]]])
    scores = lira_offline(np.array([[3.0, 2.0]]), outside, variance_each=True)
    assert -np.exp(-scores) == pytest.approx([(math.log(0.841345) + math.log(0.5)) / 2], abs=1e-6)


@given(SHOWN, st.booleans(), st.integers(0, 2**32))
def test_lira_online__is_the_mean_of_scipys_densities(
    sizes: tuple[int, int, int, int], variance_each: bool, seed: int
) -> None:
    images, inside_models, outside_models, queries = sizes
    rng = np.random.default_rng(seed)
    observed = rng.normal(3, 2, (images, queries))
    inside = rng.normal(4, 2, (inside_models, images, queries))
    outside = rng.normal(1, 3, (outside_models + 1, images, queries))
    wanted = []
    for image in range(images):
        ratios = []
        for query in range(queries):
            one, other = inside[:, image, query], outside[:, image, query]
            sd_in = np.std(one) if variance_each else np.std(inside)
            sd_out = np.std(other) if variance_each else np.std(inside)
            value = observed[image, query]
            ratios.append(
                stats.norm.logpdf(value, one.mean(), sd_in)
                - stats.norm.logpdf(value, other.mean(), sd_out)
            )
        wanted.append(sum(ratios) / queries)
    found = lira_online(observed, inside, outside, variance_each=variance_each)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@given(arrays(np.float64, 12, elements=VALUES, unique=True), VALUES, VALUES)
def test_lira_offline__with_one_variance_ranks_by_how_far_above_the_mean_it_is(
    observed: np.ndarray, first: float, second: float
) -> None:
    outside = np.stack([np.full((12, 1), first), np.full((12, 1), second + 0.5)])
    scores = lira_offline(observed[:, None], outside, variance_each=False)
    assert (np.diff(scores[np.argsort(observed)]) >= 0).all()


def test_lira_offline__images_far_above_are_not_tied_and_the_formulas_meet() -> None:
    outside = np.stack([np.full((6, 1), -1.0), np.full((6, 1), 1.0)])  # mean 0, sd 1
    observed = column(5.999999, 6.000001, 9.0, 40.0, 100.0, 1000.0)
    scores = lira_offline(observed, outside, variance_each=True)
    assert (np.diff(scores) > 0).all()
    assert scores[1] - scores[0] < 1e-4
    assert np.isfinite(scores).all()
