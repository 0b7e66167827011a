"""Tap an audited model: which layers there are, and what they give for a batch of images."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.audited import AuditedModel
from mintcore.models.layers import INPUT, OUTPUT, Layer, view_shape
from mintcore.models.suggestions import suggest
from mintcore.models.tracing import Call, as_channels_first
from mintcore.models.views import views

__all__ = [
    "Layer",
    "all_layers",
    "choose_layers",
    "layers",
    "matching",
    "reduce_taps",
    "tap",
    "view_shape",
    "views",
]

Kept = TypeVar("Kept")

_ALL = "all"


def layers(model: AuditedModel) -> list[Layer]:
    """List the suggested taps in call order.

    Returns:
        ``input``, the stem, every block, the pooled embedding and ``output``; no two of them hold
        the same tensor.
    """
    return suggest(model.module, model.calls)


def all_layers(model: AuditedModel) -> list[Layer]:
    """List every tap: ``input``, all modules that give one tensor once a forward, ``output``.

    Those that are suggested have a role.
    """
    suggested = {layer.name: layer for layer in layers(model)}
    return [suggested.get(name, layer) for name, layer in model.taps.items()]


def choose_layers(model: AuditedModel, pattern: str) -> list[Layer]:
    """Choose layers by name.

    Args:
        model: The audited model.
        pattern: ``all`` for the suggested ones without ``input``, or names and globs
            (``layer3.*``) over all taps, separated by commas.

    Returns:
        The layers in call order, each once.

    Raises:
        MintError: A name or glob fits no layer; near names are given.
    """
    if pattern.strip() == _ALL:
        return [layer for layer in layers(model) if layer.name != INPUT]
    known = all_layers(model)
    chosen: set[str] = set()
    for part in filter(None, (part.strip() for part in pattern.split(","))):
        chosen.update(matching(part, [layer.name for layer in known]))
    if not chosen:
        raise MintError(f"{pattern!r} names no layer: give 'all', names or globs.")
    return [layer for layer in known if layer.name in chosen]


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Give the names that a name or glob fits.

    Raises:
        MintError: It fits none; near names are given.
    """
    known = list(names)
    found = [name for name in known if name == pattern or fnmatchcase(name, pattern)]
    if not found:
        raise _no_layer(pattern, known)
    return found


def tap(model: AuditedModel, batch: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """Compute what layers give for a batch; the forward stops after the deepest of them.

    Args:
        model: The audited model.
        batch: (N, C, H, W) float32, preprocessed, on the model's device.
        names: The layers.

    Returns:
        Name -> (N, C, H, W), (N, T, C) or (N, C), in the order of ``names``.

    Raises:
        MintError: There is no such layer.
    """
    return reduce_taps(model, batch, names, lambda _, output: output.clone())


def reduce_taps(
    model: AuditedModel,
    batch: Tensor,
    names: Sequence[str],
    reduce: Callable[[str, Tensor], Kept],
) -> dict[str, Kept]:
    """Tap layers and reduce each output at once, which keeps only one of them in memory whole.

    Args:
        model: The audited model.
        batch: (N, C, H, W) float32, preprocessed, on the model's device.
        names: The layers.
        reduce: Called with a name and its output as soon as it is there. Later modules may
            overwrite the output in place, so it must not be kept without a copy.

    Returns:
        Name -> what ``reduce`` gave, in the order of ``names``.

    Raises:
        MintError: There is no such layer.
    """
    calls = {call.layer.name: call for call in model.calls}
    for name in names:
        if name not in calls:
            raise _no_layer(name, list(calls))
    kept: dict[str, Kept] = {}
    with torch.inference_mode():
        if INPUT in names:
            kept[INPUT] = reduce(INPUT, batch)
        _run(model.module, batch, [calls[name] for name in names if name != INPUT], reduce, kept)
    return {name: kept[name] for name in names}


class _DeepestReachedError(Exception):
    """Ends a forward whose taps are all taken."""


def _run(
    module: nn.Module,
    batch: Tensor,
    calls: Sequence[Call],
    reduce: Callable[[str, Tensor], Kept],
    kept: dict[str, Kept],
) -> None:
    if not calls:
        return
    whole = next((call for call in calls if call.layer.name == OUTPUT), None)
    inner = [call for call in calls if call.layer.name != OUTPUT]
    waiting = {call.layer.name for call in inner}

    def hook(call: Call) -> Callable[..., None]:
        def take(_module: nn.Module, _arguments: Any, output: Tensor) -> None:
            name = call.layer.name
            kept[name] = reduce(name, as_channels_first(output, call.channel_axis))
            waiting.discard(name)
            if not waiting and whole is None:
                raise _DeepestReachedError

        return take

    handles = [
        module.get_submodule(call.layer.name).register_forward_hook(hook(call)) for call in inner
    ]
    try:
        logits = module(batch.contiguous(memory_format=torch.channels_last))
        if whole is not None:
            kept[OUTPUT] = reduce(OUTPUT, as_channels_first(logits, whole.channel_axis))
    except _DeepestReachedError:
        pass
    finally:
        for handle in handles:
            handle.remove()


def _no_layer(name: str, known: Sequence[str]) -> MintError:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known[:9])}."
    return MintError(f"The model has no layer {name!r}: {hint}")
