"""Read off a network's modules which axis of what they give holds the channels."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.pooling import (
    _AdaptiveAvgPoolNd,
    _AdaptiveMaxPoolNd,
    _AvgPoolNd,
    _MaxPoolNd,
)

_CHANNELS_FIRST = (
    _ConvNd,
    _NormBase,
    nn.GroupNorm,
    nn.LocalResponseNorm,
    nn.PixelShuffle,
    nn.Upsample,
    _AdaptiveAvgPoolNd,
    _AdaptiveMaxPoolNd,
    _AvgPoolNd,
    _MaxPoolNd,
)
# Of torchvision and timm. The norms turn the axes there and back; the last ends window attention.
_CHANNELS_FIRST_NAMES = frozenset({"LayerNorm2d", "RmsNorm2d", "SimpleNorm2d", "WindowDepartition"})
_CHANNELS_LAST = (nn.Linear, nn.LayerNorm, nn.RMSNorm)


@dataclass(frozen=True)
class Step:
    """A module that ran: what it was given first, and what it gave."""

    module: nn.Module
    given: Tensor | None
    output: Tensor


class Layouts:
    """Knows the axis of the channels of tensors that modules were given or gave.

    Convolutions, linear layers and norms tell it of their own inputs and outputs. Other modules
    are taken to keep it if they keep the shape, and views of a tensor have it where the tensor
    has. What is left over has it where all tensors of the same shape have, or is told by the shape
    if only one reading of it has the proportions of the input. All tensors must be alive, as they
    are known by their addresses.

    Args:
        images: The (N, C, H, W) input.
        steps: What ran on it, in order of the ends.
    """

    def __init__(self, images: Tensor, steps: Sequence[Step]) -> None:
        self._height, self._width = images.shape[2:]
        self._axes = {id(images): 1}
        tensors = [images, *(tensor for step in steps for tensor in (step.given, step.output))]
        for step in steps:
            self._ask(step)
        views = _by_address([tensor for tensor in tensors if tensor is not None])
        known = -1
        while known < len(self._axes):
            known = len(self._axes)
            self._spread(views, steps)
        self._of_shape: dict[tuple[int, ...], set[int]] = defaultdict(set)
        for step in steps:
            if id(step.output) in self._axes:
                self._of_shape[step.output.shape].add(self._axes[id(step.output)])

    def channel_axis(self, output: Tensor) -> tuple[int, bool]:
        """Give the axis of the channels of a batch, and whether that is a guess."""
        if output.ndim == 2:
            return 1, False
        alike = self._of_shape.get(output.shape, set())
        known = self._axes.get(id(output)) or (next(iter(alike)) if len(alike) == 1 else None)
        if known is not None:
            return known, False
        if output.ndim == 3:
            return 2, True
        first, last = self._fits(*output.shape[2:]), self._fits(*output.shape[1:3])
        return (3 if last and not first else 1), first == last

    def _ask(self, step: Step) -> None:
        first = _is_channels_first(step.module)
        if not first and not isinstance(step.module, _CHANNELS_LAST):
            return
        for tensor in (step.output, step.given):
            if tensor is not None and tensor.ndim > 2:
                self._axes.setdefault(id(tensor), 1 if first else tensor.ndim - 1)

    def _spread(self, views: Sequence[Sequence[Tensor]], steps: Sequence[Step]) -> None:
        for group in views:
            for known in [tensor for tensor in group if id(tensor) in self._axes]:
                for other in group:
                    self._learn(other, _same_axis(known, self._axes[id(known)], other))
        for step in steps:
            if step.given is not None and step.given.shape == step.output.shape:
                self._learn(step.output, self._axes.get(id(step.given)))
                self._learn(step.given, self._axes.get(id(step.output)))

    def _learn(self, tensor: Tensor, axis: int | None) -> None:
        if axis is not None:
            self._axes.setdefault(id(tensor), axis)

    def _fits(self, height: int, width: int) -> bool:
        sides = max(self._height, self._width)
        return abs(height * self._width - width * self._height) < sides


def _is_channels_first(module: nn.Module) -> bool:
    if any(kind.__name__ in _CHANNELS_FIRST_NAMES for kind in type(module).__mro__):
        return True
    return isinstance(module, _CHANNELS_FIRST)


def _by_address(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    groups: dict[tuple[int, int], dict[int, Tensor]] = defaultdict(dict)
    for tensor in tensors:
        groups[tensor.data_ptr(), tensor.numel()][id(tensor)] = tensor
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def _same_axis(known: Tensor, axis: int, other: Tensor) -> int | None:
    """Find an axis of one tensor in another that shares its memory."""
    wanted = known.shape[axis], known.stride(axis)
    found = [
        place
        for place in range(1, other.ndim)
        if (other.shape[place], other.stride(place)) == wanted
    ]
    return found[0] if len(found) == 1 else None
