"""Which array of a store keeps which view of which layer."""

import re
from collections.abc import Sequence

from mintcore.errors import MintError
from mintcore.models.layers import MAP, Layer, require_view, view_shape
from mintcore.models.registration import AuditedModel
from mintcore.models.taps import layers
from store.layout import STORED_DTYPES, ArraySpec

FLOAT16 = "float16"
PIXELS_SIDE = 32

_VIEW = re.compile(r"([a-z]+)(\d+)?(?:-[a-z0-9]+)?")


def array_specs(
    chosen: Sequence[Layer], views: Sequence[str], map_side: int, dtype: str = FLOAT16
) -> list[ArraySpec]:
    """List the arrays of layers and views; a layer that lacks a view (a vector has no map) gives none for it.

    Args:
        chosen: The layers.
        views: Of "pooled" and "map".
        map_side: Maps are area-pooled to at most this many pixels a side.
        dtype: "float16", "float32" or "bfloat16".

    Raises:
        MintError: A view, the side or the dtype cannot be kept.
    """
    for view in views:
        require_view(view)
    if map_side < 1:
        raise MintError(f"--map-side is {map_side}, but a map has at least 1 pixel a side.")
    if dtype not in STORED_DTYPES:
        raise MintError(f"A store keeps {', '.join(STORED_DTYPES)}, not {dtype!r}: choose one.")
    specs = []
    for layer in chosen:
        for view in views:
            shape = view_shape(layer, view, map_side)
            if shape is not None:
                specs.append(ArraySpec(layer.name, view_name(view, map_side, dtype), shape, dtype))
    return specs


def pixels_spec(model: AuditedModel) -> ArraySpec:
    """Give the array of the preprocessed images themselves, at most 32 pixels a side: the raw-pixels baseline."""
    return array_specs([layers(model)[0]], [MAP], PIXELS_SIDE)[0]


def view_name(view: str, map_side: int, dtype: str = FLOAT16) -> str:
    """Name a view in the store: "pooled", "map8", "pooled-float32". Each is an array of its own."""
    size = f"{view}{map_side}" if view == MAP else view
    return size if dtype == FLOAT16 else f"{size}-{dtype}"


def parse_view(name: str) -> tuple[str, int | None]:
    """Give the view and the side that ``view_name`` named.

    Raises:
        ValueError: It is no such name.
    """
    match = _VIEW.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} names no view")
    return match[1], int(match[2]) if match[2] else None
