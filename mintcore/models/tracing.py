"""Find the modules of a network that can be tapped, by one dummy forward."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.cost import Cost, CostMeter, without_fast_path
from mintcore.models.layers import INPUT, OUTPUT, Kind, Layer
from mintcore.models.layouts import Layouts, Step
from mintcore.models.tokens import Grids, read_prefix

# A batch size that tells the image axis apart from axes of windows or time.
_DUMMY_IMAGES = 3


@dataclass(frozen=True)
class Call:
    """One tappable module as the dummy forward met it.

    Args:
        layer: What it gives.
        channel_axis: The axis of the channels of what it returns, the images being axis 0.
        content: Equal for two calls that gave the same values.
    """

    layer: Layer
    channel_axis: int
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
    meter = CostMeter()
    recorder = _Recorder(meter)
    some = next(module.parameters(), torch.empty(0))
    # float32, as images always come; the network may run in another type only if it casts them.
    images = torch.zeros(_DUMMY_IMAGES, *input_shape, device=some.device)
    with recorder.attached(module), torch.no_grad():
        try:
            with without_fast_path(), meter:
                logits = module(images)
        except Exception as error:  # the user's network may raise anything
            raise MintError(
                f"The model fails on an input of shape {input_shape} ({error}): {_advice(module)}."
            ) from error
    if not isinstance(logits, Tensor) or not _has_rows(logits):
        raise MintError(
            "The model does not return one tensor with a row an image: wrap it so it does."
        )
    first = _Record(nn.Identity(), None, images, INPUT, Cost(0, 0))
    last = _Record(module, images, logits, OUTPUT, meter.cost)
    return _calls(module, [first, *recorder.records(), last])


def _advice(module: nn.Module) -> str:
    """Tell what to look at where a model fails on its input."""
    types = {weight.dtype for weight in module.parameters() if weight.is_floating_point()}
    if types - {torch.float32}:
        return "let its weights be float32, as images are, and give --autocast for less"
    return "check size, channels and architecture"


@dataclass(frozen=True)
class _Record(Step):
    """A step by its name, with the cost of the forward until its end."""

    name: str
    cost: Cost | None


class _Recorder:
    """Holds every input and output until the forward is over: equal addresses mean equal tensors."""

    def __init__(self, meter: CostMeter) -> None:
        self._meter = meter
        self._records: list[_Record] = []
        self._counts: Counter[str] = Counter()

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

    def records(self) -> list[_Record]:
        """Give those of the modules that can be tapped."""
        return [
            record
            for record in self._records
            if self._counts[record.name] == 1 and record.name not in (INPUT, OUTPUT)
        ]

    def _hook(self, name: str) -> Any:
        def record(module: nn.Module, arguments: tuple[Any, ...], output: object) -> None:
            self._counts[name] += 1
            if isinstance(output, Tensor) and _has_rows(output):
                given = arguments[0] if arguments and isinstance(arguments[0], Tensor) else None
                self._records.append(_Record(module, given, output, name, self._meter.cost))

        return record


def as_channels_first(output: Tensor, channel_axis: int) -> Tensor:
    """Bring an output to (N, C, H, W), (N, T, C) or (N, C); a 1 x 1 map is a vector."""
    if output.ndim == 4:
        maps = output.movedim(channel_axis, 1)
        return maps.flatten(1) if maps.shape[2:] == (1, 1) else maps
    return output.movedim(channel_axis, -1)


def _calls(module: nn.Module, records: list[_Record]) -> list[Call]:
    layouts = Layouts(records[0].output, records)
    grids = Grids(read_prefix(module))
    calls = []
    for record in records:
        axis, assumed = layouts.channel_axis(record.output)
        first = as_channels_first(record.output, axis)
        layer = replace(_layer(record, first), assumed=assumed)
        if layer.kind == "tokens":
            layer = _with_grid(layer, grids)
        elif layer.kind == "map" and not assumed:
            grids.saw(layer.shape)
        calls.append(Call(layer, axis, (record.output.data_ptr(), record.output.numel())))
    return calls


def _layer(record: _Record, output: Tensor) -> Layer:
    kinds: dict[int, Kind] = {2: "vector", 3: "tokens", 4: "map"}
    cost = record.cost
    return Layer(
        record.name,
        kinds[output.ndim],
        tuple(output.shape[1:]),
        parameters=sum(parameter.numel() for parameter in record.module.parameters()),
        flops=None if cost is None else round(cost.flops / _DUMMY_IMAGES),
        parameters_up_to=None if cost is None else cost.parameters,
    )


def _with_grid(layer: Layer, grids: Grids) -> Layer:
    found = grids.layout(layer.shape[0])
    return replace(
        layer,
        prefix_tokens=found.prefix_tokens,
        grid=found.grid,
        class_token=found.class_token,
        assumed=layer.assumed or found.assumed,
    )


def _has_rows(output: Tensor) -> bool:
    fits = output.ndim in (2, 3, 4) and output.shape[0] == _DUMMY_IMAGES
    return fits and output.is_floating_point() and output.numel() > 0
