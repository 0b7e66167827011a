import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mintcore.errors import MintError
from mintcore.models.layers import VIEWS, Layer, view_shape
from mintcore.models.views import views

# One image, one channel, 2 rows of 4 cells.
MAP = torch.tensor([[[[1.0, 3.0, 5.0, 7.0], [2.0, 4.0, 6.0, 8.0]]]])
MAP_LAYER = Layer("m", "map", (1, 2, 4), 0)
# One image, a class token and four patches, two channels.
TOKENS = torch.tensor([[[9.0, 90.0], [1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [5.0, 50.0]]])
GUESSED = Layer("t", "tokens", (5, 2), 0)
CLASSED = Layer("t", "tokens", (5, 2), 0, prefix_tokens=1, grid=(2, 2), class_token=True)
VECTOR = Layer("v", "vector", (2,), 0)


def test_views__pooled_map_is_the_mean_over_space() -> None:
    assert views(MAP, MAP_LAYER, "pooled", 8).tolist() == [[4.5]]


@pytest.mark.parametrize("layer", [GUESSED, CLASSED])
def test_views__pooled_tokens_is_the_mean_over_all_tokens(layer: Layer) -> None:
    assert views(TOKENS, layer, "pooled", 8).tolist() == [[4.0, 40.0]]


@pytest.mark.parametrize("view", ["pooled", "vector"])
def test_views__of_a_vector_is_itself(view: str) -> None:
    assert views(torch.tensor([[1.0, 2.0]]), VECTOR, view, 8).tolist() == [[1.0, 2.0]]


def test_views__std_is_that_of_the_population_over_space() -> None:
    assert views(MAP, MAP_LAYER, "std", None).item() == pytest.approx(math.sqrt(5.25))


def test_views__std_of_large_values_does_not_cancel() -> None:
    # In float32, the mean of the squares minus the square of the mean is 0 here.
    far = (10_000 + MAP).half()
    assert views(far, MAP_LAYER, "std", None).item() == pytest.approx(
        far.double().std(correction=0)
    )


def test_views__max_is_that_over_space() -> None:
    assert views(-MAP, MAP_LAYER, "max", None).tolist() == [[-1.0]]


@pytest.mark.parametrize("layer", [GUESSED, CLASSED])
def test_views__max_and_std_of_tokens_are_those_of_the_patches(layer: Layer) -> None:
    assert views(TOKENS, layer, "max", None).tolist() == [[5.0, 50.0]]
    expected = [math.sqrt(2.1875), 10 * math.sqrt(2.1875)]
    assert views(TOKENS, layer, "std", None)[0].tolist() == pytest.approx(expected)


def test_views__vector_of_tokens_is_the_class_token() -> None:
    assert views(TOKENS, CLASSED, "vector", None).tolist() == [[9.0, 90.0]]


def test_views__map_is_averaged_only_along_sides_that_are_too_long() -> None:
    assert views(MAP, MAP_LAYER, "map", 2).tolist() == [[[[2.0, 6.0], [3.0, 7.0]]]]


@pytest.mark.parametrize("map_side", [4, None])
def test_views__map_within_the_limit_is_kept(map_side: int | None) -> None:
    assert torch.equal(views(MAP, MAP_LAYER, "map", map_side), MAP)


@pytest.mark.parametrize("layer", [GUESSED, CLASSED])
def test_views__tokens_become_a_grid_without_the_class_token(layer: Layer) -> None:
    grid = views(TOKENS, layer, "map", 8)
    assert grid.tolist() == [[[[1.0, 2.0], [3.0, 5.0]], [[10.0, 20.0], [30.0, 50.0]]]]


def test_views__grid_of_tokens_that_is_not_square() -> None:
    wide = Layer("t", "tokens", (5, 2), 0, prefix_tokens=1, grid=(1, 4))
    assert views(TOKENS, wide, "map", None)[0, 0].tolist() == [[1.0, 2.0, 3.0, 5.0]]


def test_views__half_precision_is_accumulated_in_float32() -> None:
    # The sum of these, 4,200,000, is beyond float16's 65,504.
    half = torch.full((1, 1, 100, 100), 420.0, dtype=torch.float16)
    pooled = views(half, Layer("m", "map", (1, 100, 100), 0), "pooled", 8)
    assert (pooled.dtype, pooled.item()) == (torch.float32, 420.0)


@pytest.mark.parametrize(
    ("layer", "view"),
    [
        (VECTOR, "map"),
        (VECTOR, "std"),
        (VECTOR, "max"),
        (GUESSED, "vector"),
        (MAP_LAYER, "vector"),
        (Layer("t", "tokens", (7, 4), 0), "map"),
    ],
)
def test_views__what_a_layer_lacks_is_an_error(layer: Layer, view: str) -> None:
    with pytest.raises(MintError, match=f"has no {view} view: take the pooled view"):
        views(torch.zeros((1, *layer.shape)), layer, view, 8)


@pytest.mark.parametrize("view", ["gradient", "signals"])
def test_views__of_a_target_are_no_functions_of_the_output_alone(view: str) -> None:
    with pytest.raises(MintError, match=f"{view} view of m is not computed from its output alone"):
        views(MAP, MAP_LAYER, view, 8)


LAYERS = st.one_of(
    st.builds(
        lambda c, h, w: Layer("m", "map", (c, h, w), 0),
        *(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)),
    ),
    st.builds(
        lambda prefix, h, w, c: Layer(
            "t", "tokens", (prefix + h * w, c), 0, prefix, (h, w), class_token=prefix > 0
        ),
        *(st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)),
    ),
    st.builds(lambda c: Layer("v", "vector", (c,), 0), st.integers(1, 4)),
)


@given(
    LAYERS,
    st.sampled_from([view for view in VIEWS if view not in ("gradient", "signals")]),
    st.integers(1, 7),
)
def test_views__shape_is_the_promised_one(layer: Layer, view: str, map_side: int) -> None:
    promised = view_shape(layer, view, map_side)
    if promised is not None:
        found = views(torch.zeros((2, *layer.shape)), layer, view, map_side)
        assert tuple(found.shape) == (2, *promised)
