import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.methods.rmia import log_ratio_offline, log_ratio_online, rmia


def scaled(*probabilities: float) -> np.ndarray:
    """A row an image, one query: log(p / (1 - p))."""
    p = np.array(probabilities)[:, None]
    return np.log(p / (1 - p))


def test_log_ratio_offline__by_hand() -> None:
    # p_out = (.2 + .6) / 2 = .4; p = ((1 + .3) .4 + 1 - .3) / 2 = .61; the model says .9
    outside = np.stack([scaled(0.2), scaled(0.6)])
    found = log_ratio_offline(scaled(0.9), outside, a=0.3)
    assert np.exp(found) == pytest.approx(np.array([[0.9 / 0.61]]))


def test_log_ratio_offline__with_a_of_one_is_the_ratio_to_the_models_alone() -> None:
    outside = np.stack([scaled(1e-9), scaled(3e-9)])
    assert np.exp(log_ratio_offline(scaled(4e-9), outside, a=1)) == pytest.approx(2.0)


def test_log_ratio_online__by_hand() -> None:
    # inside (.9 + .7) / 2 = .8, outside .4: p = .6; the model says .3
    inside, outside = np.stack([scaled(0.9), scaled(0.7)]), np.stack([scaled(0.4)])
    assert np.exp(log_ratio_online(scaled(0.3), inside, outside)) == pytest.approx(0.5)


def test_rmia__by_hand() -> None:
    # ratios 2, 1 and .5 against a population of 1, 1.5, .5 and 4
    ratios = np.log(np.array([[2.0], [1.0], [0.5]]))
    population = np.log(np.array([[1.0], [1.5], [0.5], [4.0]]))
    assert rmia(ratios, population).tolist() == [0.75, 0.5, 0.25]
    assert rmia(ratios, population, gamma=2.0).tolist() == [0.5, 0.25, 0.0]


def test_rmia__a_majority_of_the_queries_decides_by_hand() -> None:
    # against (1, 1, 1): 2 of 3 queries win; against (3, 3, 1): 1 of 3; two queries of which one wins are no majority
    ratios, population = np.log([[2.0, 2.0, 0.5]]), np.log([[1.0, 1.0, 1.0], [3.0, 3.0, 0.1]])
    assert rmia(ratios, population).tolist() == [0.5]
    assert rmia(ratios[:, 1:], population[:1, 1:]).tolist() == [0.0]


@given(
    st.tuples(st.integers(1, 6), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3)),
    st.floats(0, 1),
    st.floats(0.5, 3),
    st.integers(0, 2**32),
)
def test_rmia__is_what_loops_over_the_definition_give(
    sizes: tuple[int, int, int, int], a: float, gamma: float, seed: int
) -> None:
    images, others, models, queries = sizes
    rng = np.random.default_rng(seed)
    p, z = rng.uniform(0.05, 0.95, (images, queries)), rng.uniform(0.05, 0.95, (others, queries))
    p_out = rng.uniform(0.05, 0.95, (models, images, queries))
    z_out = rng.uniform(0.05, 0.95, (models, others, queries))
    wanted = []
    for image in range(images):
        beaten = 0
        for other in range(others):
            votes = 0
            for query in range(queries):
                of_x = (1 + a) / 2 * p_out[:, image, query].mean() + (1 - a) / 2
                of_z = (1 + a) / 2 * z_out[:, other, query].mean() + (1 - a) / 2
                ratio = (p[image, query] / of_x) / (z[other, query] / of_z)
                votes += ratio >= gamma
            beaten += votes > queries / 2
        wanted.append(beaten / others)

    def logit(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(values / (1 - values)))

    of_images = log_ratio_offline(logit(p), logit(p_out), a)
    of_population = log_ratio_offline(logit(z), logit(z_out), a)
    assert rmia(of_images, of_population, gamma) == pytest.approx(wanted)


def test_rmia__many_images_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    ratios, population = rng.normal(size=(50, 3)), rng.normal(size=(20, 3))
    whole = rmia(ratios, population)
    monkeypatch.setattr("mintcore.methods.rmia._COMPARED", 7 * 20)
    np.testing.assert_array_equal(rmia(ratios, population), whole)


def test_log_ratios__of_images_that_all_models_are_sure_of_are_not_tied() -> None:
    # 1 - p is exp(-60) to exp(-90) for the model and twice exp(-50) for the others: nothing a float near 1 can say
    observed = np.array([[60.0], [70.0], [90.0]])
    outside = np.full((2, 3, 1), 50.0)
    found = log_ratio_online(observed, outside, outside)[:, 0]
    assert found == pytest.approx(math.exp(-50) - np.exp([-60, -70, -90]), rel=1e-9)
    assert len(np.unique(found)) == 3
    wrong = log_ratio_online(-observed, -outside, -outside)[:, 0]
    assert wrong == pytest.approx(50 - observed[:, 0], rel=1e-9)
