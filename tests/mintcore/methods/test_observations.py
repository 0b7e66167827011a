import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mintcore.methods.catalogue import METHODS, computable, compute
from mintcore.methods.observations import Observations
from mintcore.models.layers import SIGNALS

MASKS = st.tuples(st.integers(1, 6), st.integers(1, 8)).flatmap(lambda shape: arrays(bool, shape))


def observed(trained_on: np.ndarray, queries: int = 1) -> Observations:
    models, images = trained_on.shape
    rng = np.random.default_rng(0)
    return Observations(
        signals={name: rng.normal(size=(images, queries)) for name in SIGNALS},
        references=np.arange(models)[:, None, None] + np.zeros((models, images, queries)),
        trained_on=trained_on,
        population=np.array([0]),
    )


@given(MASKS)
def test_sides__hold_equally_many_models_an_image_and_only_theirs(trained_on: np.ndarray) -> None:
    seen = observed(trained_on)
    for side, wanted in ((seen.inside(), trained_on), (seen.outside(), ~trained_on)):
        assert len(side) == wanted.sum(axis=0).min()
        for image in range(trained_on.shape[1]):
            models = side[:, image, 0].astype(int)
            assert models.tolist() == np.flatnonzero(wanted[:, image])[: len(side)].tolist()


@given(MASKS, st.integers(1, 3))
def test_compute__what_can_be_computed_gives_a_finite_score_an_image(
    trained_on: np.ndarray, queries: int
) -> None:
    seen = observed(trained_on, queries)
    methods, remarks = computable(seen, labels=True)
    scores = compute(seen, methods)
    assert bool(remarks) == (len(methods) < len(METHODS) - (queries == 1))
    for values in scores.values():
        assert values.shape == (trained_on.shape[1],)
        assert np.isfinite(values).all()


def test_computable__without_references_nothing_is_missed() -> None:
    methods, remarks = computable(observed(np.empty((0, 4), bool)), labels=True)
    assert {method.references for method in methods} == {"none"}
    assert remarks == []
