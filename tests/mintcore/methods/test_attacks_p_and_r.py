import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mintcore.methods.attack_p import attack_p
from mintcore.methods.attack_r import attack_r

VALUES = st.floats(-30, 30)


def scaled(*losses: float) -> np.ndarray:
    """Scaled logits of losses: p = exp(-loss), log(p / (1 - p))."""
    loss = np.array(losses)
    return -loss - np.log(-np.expm1(-loss))


def test_attack_p__by_hand() -> None:
    # points 0, 1, 2, 4, 1000 have the levels 0, .25, .5, .75, 1; 3 is half way from 2 to 4: .625
    population = scaled(4.0, 1.0, 2.0)
    assert attack_p(scaled(1.0, 3.0, 0.5), population) == pytest.approx([-0.25, -0.625, -0.125])


def test_attack_r__by_hand() -> None:
    # first image: points 0, 1, 3, 1000, levels 0, 1/3, 2/3, 1; its loss 2 is at 1/2
    # second: points 0, .2, .4, 1000; its loss .1 is half way to 1/3
    outside = np.stack([scaled(3.0, 0.2), scaled(1.0, 0.4)])
    assert attack_r(scaled(2.0, 0.1), outside) == pytest.approx([-1 / 2, -1 / 6])


DISTINCT = st.integers(-200, 200).map(lambda tenths: tenths / 10)


@given(
    st.integers(1, 5).flatmap(
        lambda models: st.tuples(
            arrays(np.float64, 6, elements=VALUES),
            arrays(np.float64, (models, 6), elements=DISTINCT, unique=True),
        )
    )
)
def test_attack_r__the_quantile_at_the_level_is_the_loss(
    given_values: tuple[np.ndarray, np.ndarray],
) -> None:
    observed, outside = given_values
    losses, others = np.logaddexp(0, -observed), np.logaddexp(0, -outside)
    for image, level in enumerate(-attack_r(observed, outside)):
        quantile = np.quantile(np.concatenate([[0.0, 1000.0], others[:, image]]), level)
        assert quantile == pytest.approx(losses[image], rel=1e-6, abs=1e-9)


@given(
    arrays(np.float64, 20, elements=VALUES), arrays(np.float64, 15, elements=VALUES, unique=True)
)
def test_attack_p__ranks_as_the_loss_does(observed: np.ndarray, population: np.ndarray) -> None:
    scores = attack_p(observed, population)
    assert (np.diff(scores[np.argsort(observed)]) >= -1e-12).all()


def test_attack_p__images_that_the_model_is_surer_of_than_of_all_others_are_not_tied() -> None:
    scores = attack_p(np.array([50.0, 100.0, 200.0, 500.0]), np.array([1.0, 30.0]))
    assert (np.diff(scores) > 0).all()
