import json
from dataclasses import replace

import pytest

from mintcore.errors import MintError
from mintcore.models.layers import SIGNALS, Layer, token_grid, view_shape

MAP = Layer("m", "map", (64, 14, 7), 0)
VECTOR = Layer("v", "vector", (10,), 0)


def tokens(count: int) -> Layer:
    return Layer("t", "tokens", (count, 768), 0)


@pytest.mark.parametrize(("layer", "shape"), [(MAP, (64,)), (VECTOR, (10,)), (tokens(50), (768,))])
def test_view_shape__pooled(layer: Layer, shape: tuple[int, ...]) -> None:
    assert view_shape(layer, "pooled", 8) == shape


@pytest.mark.parametrize(
    ("layer", "map_side", "shape"),
    [
        (MAP, 8, (64, 8, 7)),
        (MAP, 20, (64, 14, 7)),
        (MAP, None, (64, 14, 7)),
        (tokens(50), 8, (768, 7, 7)),
        (tokens(49), 4, (768, 4, 4)),
        (tokens(51), 8, None),
        (VECTOR, 8, None),
    ],
)
def test_view_shape__map(layer: Layer, map_side: int | None, shape: tuple[int, ...] | None) -> None:
    assert view_shape(layer, "map", map_side) == shape


def test_view_shape__other_views_are_refused() -> None:
    with pytest.raises(MintError, match="no view 'maps'"):
        view_shape(MAP, "maps", 8)


@pytest.mark.parametrize(
    ("count", "side"), [(197, 14), (196, 14), (5, 2), (4, 2), (1, None), (2, None), (0, None)]
)
def test_token_grid__with_or_without_a_class_token(count: int, side: int | None) -> None:
    assert token_grid(count) == side


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (MAP, {"std": (64,), "max": (64,), "vector": None}),
        (VECTOR, {"std": None, "max": None, "vector": (10,)}),
        (tokens(50), {"std": (768,), "max": (768,), "vector": None}),
        (replace(tokens(50), class_token=True), {"vector": (768,)}),
    ],
)
def test_view_shape__of_the_other_reductions(layer: Layer, shapes: dict[str, object]) -> None:
    assert {view: view_shape(layer, view, None) for view in shapes} == shapes


def test_view_shape__gradient_has_the_size_asked_for() -> None:
    assert view_shape(replace(MAP, parameters=9), "gradient", 256) == (256,)


def test_view_shape__no_weights_no_gradient() -> None:
    assert view_shape(MAP, "gradient", 256) is None


def test_view_shape__gradient_needs_a_size() -> None:
    with pytest.raises(MintError, match="cannot be reduced to None numbers"):
        view_shape(MAP, "gradient", None)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (replace(VECTOR, name="output"), (len(SIGNALS),)),
        (VECTOR, None),
        (replace(MAP, name="output"), None),
    ],
)
def test_view_shape__only_logits_have_signals(layer: Layer, shape: tuple[int, ...] | None) -> None:
    assert view_shape(layer, "signals", None) == shape


def test_view_shape__map_of_tokens_is_read_not_guessed() -> None:
    read = replace(tokens(65), prefix_tokens=1, grid=(16, 4))
    assert view_shape(read, "map", None) == (768, 16, 4)


FULL = Layer("t", "tokens", (6, 8), 9, 2, (2, 2), True, True, "stage", 10, 11)


@pytest.mark.parametrize("layer", [MAP, FULL])
def test_layer__to_json_and_back(layer: Layer) -> None:
    assert Layer.from_json(json.loads(json.dumps(layer.to_json()))) == layer


def test_layer__from_the_card_of_an_earlier_version() -> None:
    earlier = {"name": "t", "kind": "tokens", "shape": [50, 768], "parameters": 7}
    assert Layer.from_json(earlier) == Layer("t", "tokens", (50, 768), 7)
