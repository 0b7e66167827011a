"""Reduce a tapped output to the view in which it is kept."""

from torch import Tensor
from torch.nn import functional

from mintcore.errors import MintError
from mintcore.models.layers import POOLED, Kind, map_size, require_view, token_grid


def views(tensor: Tensor, kind: Kind, view: str, map_side: int | None) -> Tensor:
    """Reduce a tapped output to a view, accumulating in float32.

    Args:
        tensor: (N, C, H, W), (N, T, C) or (N, C), of any floating-point type.
        kind: What ``tensor`` is.
        view: ``pooled`` is the mean over space or over all tokens; ``map`` is the map itself.
        map_side: A map with more cells along a side is area-pooled to so many; None keeps it.

    Returns:
        (N, C) for ``pooled``, (N, C, h, w) for ``map``, float32.

    Raises:
        MintError: There is no such view, or the layer has no map: it is a vector, or its tokens
            are no square grid.
    """
    require_view(view)
    if view == POOLED:
        return _pooled(tensor.float(), kind)
    maps = _as_map(tensor.float(), kind)
    size = map_size(maps.shape[2], maps.shape[3], map_side)
    return maps if size == maps.shape[2:] else functional.adaptive_avg_pool2d(maps, size)


def _pooled(tensor: Tensor, kind: Kind) -> Tensor:
    if kind == "map":
        return tensor.mean((2, 3))
    return tensor.mean(1) if kind == "tokens" else tensor


def _as_map(tensor: Tensor, kind: Kind) -> Tensor:
    if kind == "map":
        return tensor
    grid = token_grid(tensor.shape[1]) if kind == "tokens" else None
    if grid is None:
        raise MintError(
            f"An output of shape {tuple(tensor.shape[1:])} has no map: take the pooled view."
        )
    # A class token comes first where there is one.
    patches = tensor[:, tensor.shape[1] - grid * grid :]
    return patches.transpose(1, 2).reshape(len(tensor), -1, grid, grid)
