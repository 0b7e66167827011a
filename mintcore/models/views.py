"""Reduce a tapped output to the view in which it is kept."""

from torch import Tensor
from torch.nn import functional

from mintcore.errors import MintError
from mintcore.models.layers import (
    GRADIENT,
    MAP,
    MAX,
    POOLED,
    SIGNALS_VIEW,
    STD,
    Layer,
    map_size,
    patch_grid,
    view_shape,
)


def views(output: Tensor, layer: Layer, view: str, map_side: int | None) -> Tensor:
    """Reduce a tapped output to a view, accumulating in float32.

    Args:
        output: (N, C, H, W), (N, T, C) or (N, C), of any floating-point type, as taps give it.
        layer: What ``output`` is.
        view: ``pooled`` is the mean over space or over all tokens; ``std`` and ``max`` are the
            population standard deviation and the maximum over space, of tokens those of the
            patches; ``map`` is the map itself; ``vector`` is a vector itself, and the class token
            of tokens.
        map_side: A map with more cells along a side is area-pooled to so many; None keeps it.

    Returns:
        (N, C), for ``map`` (N, C, h, w), float32.

    Raises:
        MintError: There is no such view, the layer lacks it, or it is ``gradient`` or ``signals``,
            which are no functions of the output alone: see ``gradients`` and ``signals``.
    """
    if view in (GRADIENT, SIGNALS_VIEW):
        raise MintError(f"The {view} view of {layer.name} is not computed from its output alone.")
    if view_shape(layer, view, map_side) is None:
        raise MintError(
            f"The layer {layer.name} ({layer.kind}, {' x '.join(map(str, layer.shape))}) has no "
            f"{view} view: take the pooled view."
        )
    values = output.float()
    if view == MAP:
        return _map(values, layer, map_side)
    if view == POOLED:
        return _pooled(values, layer)
    if view in (STD, MAX):
        space = _space(values, layer)
        return space.std(2, correction=0) if view == STD else space.amax(2)
    return values[:, 0] if layer.kind == "tokens" else values


def _pooled(values: Tensor, layer: Layer) -> Tensor:
    if layer.kind == "map":
        return values.mean((2, 3))
    return values.mean(1) if layer.kind == "tokens" else values


def _map(values: Tensor, layer: Layer, map_side: int | None) -> Tensor:
    if layer.kind == "tokens":
        _, grid = patch_grid(layer)
        values = _space(values, layer).unflatten(2, grid)
    size = map_size(values.shape[2], values.shape[3], map_side)
    return values if size == values.shape[2:] else functional.adaptive_avg_pool2d(values, size)


def _space(values: Tensor, layer: Layer) -> Tensor:
    """Give (N, C, cells): the cells of a map, or the tokens of the patches."""
    if layer.kind == "map":
        return values.flatten(2)
    prefix, _ = patch_grid(layer)
    return values[:, prefix:].transpose(1, 2)
