"""What a tapped layer gives, and the views it can be kept in. Needs no torch."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mintcore.errors import MintError

Kind = Literal["map", "tokens", "vector"]

POOLED = "pooled"
MAP = "map"
INPUT = "input"
OUTPUT = "output"


@dataclass(frozen=True)
class Layer:
    """A named tap of the audited model.

    Args:
        name: The module's name, or ``input`` (the preprocessed image) or ``output`` (the logits).
        kind: ``map`` (C, H, W), ``tokens`` (T, C) or ``vector`` (C,).
        shape: The shape of one image's activation.
        parameters: How many the module itself has; for ``output``, the whole model.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    parameters: int

    def to_json(self) -> dict[str, Any]:
        """Give the layer as JSON values."""
        return asdict(self) | {"shape": list(self.shape)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Layer":
        """Read a layer that ``to_json`` gave."""
        return cls(values["name"], values["kind"], tuple(values["shape"]), values["parameters"])


def view_shape(layer: Layer, view: str, map_side: int | None) -> tuple[int, ...] | None:
    """Give the shape of one image's activation in a view.

    Args:
        layer: The layer.
        view: ``pooled`` or ``map``.
        map_side: Most cells along each side of a map; None keeps maps whole.

    Returns:
        (C,) for ``pooled``, (C, h, w) for ``map``; None where the layer has no such view.

    Raises:
        MintError: There is no such view.
    """
    require_view(view)
    if view == POOLED:
        return (layer.shape[-1] if layer.kind == "tokens" else layer.shape[0],)
    if layer.kind == "vector":
        return None
    if layer.kind == "map":
        channels, height, width = layer.shape
        return (channels, *map_size(height, width, map_side))
    grid = token_grid(layer.shape[0])
    return None if grid is None else (layer.shape[1], *map_size(grid, grid, map_side))


def require_view(view: str) -> None:
    """Check the name of a view.

    Raises:
        MintError: It is neither ``pooled`` nor ``map``.
    """
    if view not in (POOLED, MAP):
        raise MintError(f"There is no view {view!r}: choose {POOLED} or {MAP}.")


def map_size(height: int, width: int, map_side: int | None) -> tuple[int, int]:
    """Give the size to which a map is area-pooled; a map is never made larger."""
    if map_side is None:
        return height, width
    return min(height, map_side), min(width, map_side)


def token_grid(tokens: int) -> int | None:
    """Give the side of the square grid of tokens, with or without one class token, or None."""
    for count in (tokens, tokens - 1):
        side = math.isqrt(max(count, 0))
        if side >= 2 and side * side == count:
            return side
    return None
