import pytest

from mintcore.errors import MintError
from mintcore.models.layers import Layer, token_grid, view_shape

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


def test_layer__to_json_and_back() -> None:
    assert Layer.from_json(MAP.to_json()) == MAP
