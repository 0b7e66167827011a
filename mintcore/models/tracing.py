"""Find the modules of a network that can be tapped, by one dummy forward."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.layers import INPUT, OUTPUT, Kind, Layer

# A batch size that tells the image axis apart from axes of windows or time.
_DUMMY_IMAGES = 3
# Blocks of Swin transformers return (N, H, W, C); their class names are torchvision's and timm's.
_CHANNELS_LAST_BLOCKS = frozenset(
    {
        "SwinTransformerBlock",
        "SwinTransformerBlockV2",
        "SwinTransformerV2Block",
        "SwinTransformerStage",
        "SwinTransformerV2Stage",
        "PatchMerging",
        "PatchMergingV2",
        "ShiftedWindowAttention",
        "ShiftedWindowAttentionV2",
    }
)


@dataclass(frozen=True)
class Call:
    """One tappable module as the dummy forward met it.

    Args:
        layer: What it gives.
        channels_last: Whether it returns (N, H, W, C) instead of (N, C, H, W).
        content: Equal for two calls that gave the same values.
    """

    layer: Layer
    channels_last: bool
    content: tuple[int, int]


def trace(module: nn.Module, input_shape: tuple[int, int, int]) -> list[Call]:
    """Run one dummy batch and record what every module gives.

    Args:
        module: In eval mode.
        input_shape: (C, H, W) of a preprocessed image.

    Returns:
        ``input``, then the modules in the order in which they end, then ``output``. Modules that
        are called more than once, or give something else than one tensor with an image a row, are
        left out.

    Raises:
        MintError: The forward fails, or its result is not one tensor with a row an image.
    """
    recorder = _Recorder()
    some = next(module.parameters(), torch.empty(0))
    images = torch.zeros(_DUMMY_IMAGES, *input_shape, dtype=some.dtype, device=some.device)
    with recorder.attached(module), torch.no_grad():
        try:
            logits = module(images)
        except Exception as error:  # the user's network may raise anything
            raise MintError(
                f"The model fails on an input of shape {input_shape} ({error}): check size, "
                "channels and architecture."
            ) from error
    if not isinstance(logits, Tensor) or _kind(logits) is None:
        raise MintError(
            "The model does not return one tensor with a row an image: wrap it so it does."
        )
    first = Call(_layer(INPUT, images, 0, False), False, _content(images))
    size = sum(parameter.numel() for parameter in module.parameters())
    last = Call(_layer(OUTPUT, logits, size, False), False, _content(logits))
    return [first, *recorder.calls(), last]


class _Recorder:
    """Holds every output until the forward is over, so that equal addresses mean equal tensors."""

    def __init__(self) -> None:
        self._outputs: list[tuple[str, nn.Module, Tensor]] = []
        self._counts: Counter[str] = Counter()
        self._channels_last: dict[int, bool] = {}

    @contextmanager
    def attached(self, module: nn.Module) -> Iterator[None]:
        """Hook all modules but the root, and unhook them in any case."""
        handles = [
            child.register_forward_hook(self._hook(name))
            for name, child in module.named_modules()
            if name
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def calls(self) -> list[Call]:
        """Give the calls of the modules that can be tapped."""
        return [
            Call(_layer(name, output, _size(module), last), last, _content(output))
            for name, module, output in self._outputs
            if self._counts[name] == 1 and name not in (INPUT, OUTPUT)
            for last in (self._channels_last[id(output)],)
        ]

    def _hook(self, name: str) -> Any:
        def record(module: nn.Module, arguments: tuple[Any, ...], output: object) -> None:
            self._counts[name] += 1
            if isinstance(output, Tensor) and _kind(output) is not None:
                if id(output) not in self._channels_last:
                    self._channels_last[id(output)] = self._is_channels_last(
                        module, arguments, output
                    )
                self._outputs.append((name, module, output))

        return record

    def _is_channels_last(
        self, module: nn.Module, arguments: tuple[Any, ...], output: Tensor
    ) -> bool:
        if output.ndim != 4:
            return False
        if type(module).__name__ == "Permute":
            return list(getattr(module, "dims", [])) == [0, 2, 3, 1]
        if type(module) in (nn.LayerNorm, nn.Linear) or (
            type(module).__name__ in _CHANNELS_LAST_BLOCKS
        ):
            return True
        # Activations and dropout keep the layout of what they are given.
        keeps_shape = bool(arguments) and getattr(arguments[0], "shape", None) == output.shape
        is_convolution = isinstance(module, nn.Conv2d)
        return (
            keeps_shape and not is_convolution and self._channels_last.get(id(arguments[0]), False)
        )


def as_channels_first(output: Tensor, channels_last: bool) -> Tensor:
    """Bring an output to (N, C, H, W), (N, T, C) or (N, C); a 1 x 1 map is a vector."""
    if output.ndim == 4:
        output = output.permute(0, 3, 1, 2) if channels_last else output
        if output.shape[2:] == (1, 1):
            return output.flatten(1)
    return output


def kind_of(output: Tensor) -> Kind:
    """Tell the kind of an output that ``as_channels_first`` gave."""
    kinds: dict[int, Kind] = {2: "vector", 3: "tokens", 4: "map"}
    return kinds[output.ndim]


def _kind(output: Tensor) -> int | None:
    fits = output.ndim in (2, 3, 4) and output.shape[0] == _DUMMY_IMAGES
    return output.ndim if fits and output.is_floating_point() and output.numel() else None


def _layer(name: str, output: Tensor, parameters: int, channels_last: bool) -> Layer:
    first = as_channels_first(output, channels_last)
    return Layer(name, kind_of(first), tuple(first.shape[1:]), parameters)


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _content(output: Tensor) -> tuple[int, int]:
    return output.data_ptr(), output.numel()
