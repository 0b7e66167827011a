"""What a tapped layer gives, and the views it can be kept in. Needs no torch."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from mintcore.errors import MintError

Kind = Literal["map", "tokens", "vector"]
Role = Literal["input", "stem", "block", "stage", "embedding", "output"]

POOLED = "pooled"
STD = "std"
MAX = "max"
MAP = "map"
VECTOR = "vector"
GRADIENT = "gradient"
SIGNALS_VIEW = "signals"
VIEWS = (POOLED, STD, MAX, MAP, VECTOR, GRADIENT, SIGNALS_VIEW)
GRADIENT_DTYPE = "float32"
"""What gradients are stored as: they span far more than float16 holds, from 1e-9 to 100."""
SIGNALS_DTYPE = "float32"
"""What signals are stored as, always: float16 would make ties of near scores."""
SIGNALS = (
    "scaled_logit",
    "loss",
    "margin",
    "log_entropy",
    "log_modified_entropy",
    "top_scaled_logit",
    "target_logit",
    "logsumexp",
    "correct",
)
"""What the signals view keeps, in this order; ``mintcore.models.signals`` says what they are."""
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
        prefix_tokens: How many tokens (class, distillation, registers) come before those of the
            patches; None where the network does not tell, and a square grid is looked for.
        grid: Rows and columns of the tokens of the patches, where ``prefix_tokens`` is known.
        class_token: Whether the first token is a class token.
        assumed: Whether the order of the axes, or the grid of the tokens, could not be read from
            the network and is a guess.
        role: What a suggested tap is in its network; None for all others.
        flops: Floating-point operations an image takes from the input to here, two for a
            multiply-add; None where they were not counted.
        parameters_up_to: Parameters that were used by then; None where they were not counted.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    parameters: int
    prefix_tokens: int | None = None
    grid: tuple[int, int] | None = None
    class_token: bool = False
    assumed: bool = False
    role: Role | None = None
    flops: int | None = None
    parameters_up_to: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the layer as JSON values."""
        grid = None if self.grid is None else list(self.grid)
        return asdict(self) | {"shape": list(self.shape), "grid": grid}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Layer":
        """Read a layer that ``to_json`` gave, of this version or of one that told less."""
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        grid = known.get("grid")
        shapes = {"shape": tuple(known["shape"]), "grid": None if grid is None else tuple(grid)}
        return cls(**known | shapes)


def view_shape(layer: Layer, view: str, size: int | None) -> tuple[int, ...] | None:
    """Give the shape of one image's activation in a view.

    Args:
        layer: The layer.
        view: One of ``VIEWS``.
        size: Of ``map``, the most cells along each side, None keeps maps whole; of ``gradient``,
            the numbers it is reduced to. The others do not look at it.

    Returns:
        (C,) for ``pooled``, ``std``, ``max`` and ``vector``, (C, h, w) for ``map``, (size,) for
        ``gradient``, one number for each of ``SIGNALS`` for ``signals``; None where the layer has
        no such view: a vector has no ``map``, ``std`` and ``max``; a map and tokens without a class
        token have no ``vector``; a module without weights has no ``gradient``; only ``output`` has
        ``signals``.

    Raises:
        MintError: There is no such view, or a gradient has no size.
    """
    require_view(view)
    if view == GRADIENT:
        return _gradient_shape(layer, size)
    if view == MAP:
        return _map_shape(layer, size)
    if view == SIGNALS_VIEW:
        return (len(SIGNALS),) if layer.name == OUTPUT and layer.kind == "vector" else None
    is_vector = layer.kind == "vector"
    has_view = {POOLED: True, STD: not is_vector, MAX: not is_vector, VECTOR: _has_vector(layer)}
    return (layer.shape[-1 if layer.kind == "tokens" else 0],) if has_view[view] else None


def require_view(view: str) -> None:
    """Check the name of a view.

    Raises:
        MintError: It is none of ``VIEWS``.
    """
    if view not in VIEWS:
        raise MintError(f"There is no view {view!r}: choose of {', '.join(VIEWS)}.")


def map_size(height: int, width: int, map_side: int | None) -> tuple[int, int]:
    """Give the size to which a map is area-pooled; a map is never made larger."""
    if map_side is None:
        return height, width
    return min(height, map_side), min(width, map_side)


def patch_grid(layer: Layer) -> tuple[int, tuple[int, int] | None]:
    """Tell which of a layer's tokens are patches.

    Args:
        layer: Of kind ``tokens``.

    Returns:
        How many tokens come before the patches, and the rows and columns of the patches; None
        for these where the tokens are no grid. Where the network did not tell, the tokens with
        or without the first are taken for a grid if they could be a square one.
    """
    if layer.prefix_tokens is not None:
        return layer.prefix_tokens, layer.grid
    side = token_grid(layer.shape[0])
    return (0, None) if side is None else (layer.shape[0] - side * side, (side, side))


def token_grid(tokens: int) -> int | None:
    """Give the side of the square grid of tokens, with or without one class token, or None."""
    for count in (tokens, tokens - 1):
        side = math.isqrt(max(count, 0))
        if side >= 2 and side * side == count:
            return side
    return None


def _has_vector(layer: Layer) -> bool:
    return layer.kind == "vector" or (layer.kind == "tokens" and layer.class_token)


def _map_shape(layer: Layer, map_side: int | None) -> tuple[int, ...] | None:
    if layer.kind == "vector":
        return None
    if layer.kind == "map":
        channels, height, width = layer.shape
        return (channels, *map_size(height, width, map_side))
    _, grid = patch_grid(layer)
    return None if grid is None else (layer.shape[1], *map_size(*grid, map_side))


def _gradient_shape(layer: Layer, size: int | None) -> tuple[int, ...] | None:
    if size is None or size < 1:
        raise MintError(f"The gradient view cannot be reduced to {size} numbers: give 1 or more.")
    return (size,) if layer.parameters else None
