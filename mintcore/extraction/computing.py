"""What an audited model computes inside for images, as a store keeps it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mintcore.arrays import LABEL, View, parse_view
from mintcore.extraction.batches import within_memory
from mintcore.extraction.decoding import decoded_ahead, decoded_in_turns
from mintcore.extraction.queries import QUERIES, show
from mintcore.extraction.stresses import STRESSES, stress
from mintcore.models.classes import count_classes, require_classes
from mintcore.models.gradients import gradient_sketches
from mintcore.models.layers import GRADIENT, SIGNALS_VIEW
from mintcore.models.registration import AuditedModel
from mintcore.models.signals import signals
from mintcore.models.taps import reduce_taps
from mintcore.models.views import views
from store.layout import ArraySpec

_DTYPES = {"float16": torch.float16, "float32": torch.float32, "bfloat16": torch.float32}


@dataclass(frozen=True)
class Computed:
    """What a batch of images gave; on a GPU its values may still be on their way.

    Attributes:
        sample_ids: B ids.
        values: Array key -> (B, *shape) in the array's dtype, in memory of the CPU.
        unreadable: Sample id -> (status, reason) of those that could not be decoded.
        copied: When the values are there; None where they are.
    """

    sample_ids: list[str]
    values: dict[str, Tensor]
    unreadable: dict[str, tuple[str, str]]
    copied: torch.cuda.Event | None

    def arrays(self) -> dict[str, np.ndarray]:
        """Wait for the values and give them."""
        if self.copied is not None:
            self.copied.synchronize()
        return {key: values.numpy() for key, values in self.values.items()}


@dataclass(frozen=True)
class Pace:
    """How images go through the model.

    Attributes:
        batch_size: Images at once.
        workers: Threads that decode.
    """

    batch_size: int
    workers: int


def compute(
    model: AuditedModel,
    images: Mapping[str, str],
    specs: Sequence[ArraySpec],
    classes: Mapping[str, int],
    pace: Pace,
) -> Iterator[Computed]:
    """Run the model over images and give each batch as it is ready.

    Args:
        model: The audited model, on its device.
        images: Sample id -> uri.
        specs: The arrays wanted.
        classes: Sample id -> class number; looked at for the target "label" only.
        pace: How many at once; halved where they do not fit into memory.
    """
    limit = pace.batch_size
    decoded = decoded_in_turns if model.device.type == "cpu" else decoded_ahead
    for batch in decoded(model.preprocessing, images, pace.batch_size, pace.workers):
        labels = torch.tensor([classes.get(sample_id, 0) for sample_id in batch.sample_ids])
        pixels = batch.pixels.pin_memory() if model.device.type == "cuda" else batch.pixels

        def run(
            most: int, pixels: Tensor = pixels, labels: Tensor = labels
        ) -> list[dict[str, Tensor]]:
            parts = zip(pixels.split(most), labels.split(most), strict=True)
            return [_on_device(model, part, specs, known) for part, known in parts]

        parts, limit = within_memory(run, limit, model.device)
        values, copied = _copied(parts)
        yield Computed(batch.sample_ids, values, batch.failures, copied)


def non_finite(
    sample_ids: Sequence[str], arrays: Mapping[str, np.ndarray]
) -> dict[str, tuple[str, str]]:
    """Give sample id -> (status, reason) of the images with a value that is not finite.

    The reason names the first array that has one.
    """
    failures: dict[str, tuple[str, str]] = {}
    for key, values in arrays.items():
        finite = np.isfinite(values)
        if finite.all():
            continue
        reason = f"{key} has values that are not finite"
        if values.dtype == np.float16:
            reason += ", or too large for float16: those --dtype float32 keeps"
        for position in np.flatnonzero(~finite.reshape(len(values), -1).all(axis=1)):
            failures.setdefault(sample_ids[int(position)], ("non-finite", reason))
    return failures


def activations(
    model: AuditedModel, pixels: Tensor, specs: Sequence[ArraySpec], labels: Tensor | None = None
) -> dict[str, np.ndarray]:
    """Run the model on one batch and give the wanted views as they are stored.

    Args:
        model: The audited model.
        pixels: (B, C, H, W) uint8, resized as the model's preprocessing says.
        specs: The arrays wanted.
        labels: (B,) int64 class numbers, needed for the target "label" only.

    Returns:
        Array key -> (B, *shape) in the array's dtype; beyond float16 it is infinite.
    """
    found = _on_device(model, pixels, specs, labels)
    return {key: values.cpu().numpy() for key, values in found.items()}


_Asked = tuple[ArraySpec, View]


def _on_device(
    model: AuditedModel, pixels: Tensor, specs: Sequence[ArraySpec], labels: Tensor | None
) -> dict[str, Tensor]:
    """Give array key -> (B, *shape), on the model's device."""
    asked = [(spec, parse_view(spec.view)) for spec in specs]
    pixels = pixels.to(model.device, non_blocking=True)
    plain = [(spec, view) for spec, view in asked if not view.stressed]
    stressed = [(spec, view) for spec, view in asked if view.stressed]
    queries = (show(pixels, query) for query in QUERIES[: _most_queries(plain)])
    stresses = (stress(pixels, how) for how in STRESSES[: _most_queries(stressed)])
    return _of_queries(model, queries, plain, labels) | _of_queries(
        model, stresses, stressed, labels
    )


def _most_queries(asked: Sequence[_Asked]) -> int:
    return max((view.queries for _, view in asked), default=0)


def _of_queries(
    model: AuditedModel, shown: Iterable[Tensor], asked: Sequence[_Asked], labels: Tensor | None
) -> dict[str, Tensor]:
    """Give array key -> (B, *shape) of views of the first queries of those that are shown."""
    answers = [
        _of_query(model, pixels, [(s, v) for s, v in asked if number < v.queries], labels)
        for number, pixels in enumerate(shown)
    ]
    return {
        spec.key: torch.stack([found[spec.key] for found in answers[: view.queries]], dim=1)
        if view.queries > 1
        else answers[0][spec.key]
        for spec, view in asked
    }


def _of_query(
    model: AuditedModel, pixels: Tensor, asked: Sequence[_Asked], labels: Tensor | None
) -> dict[str, Tensor]:
    batch = model.preprocessing.normalise(pixels)
    gradients = [(spec, view) for spec, view in asked if view.kind == GRADIENT]
    taps = [(spec, view) for spec, view in asked if view.kind != GRADIENT]
    return _tapped(model, batch, taps, labels) | _gradients(model, batch, gradients, labels)


def _tapped(
    model: AuditedModel, batch: Tensor, asked: Sequence[_Asked], labels: Tensor | None
) -> dict[str, Tensor]:
    by_layer: dict[str, list[_Asked]] = {}
    for spec, view in asked:
        by_layer.setdefault(spec.layer, []).append((spec, view))

    def reduce(name: str, output: Tensor) -> dict[str, Tensor]:
        return {
            spec.key: _kept(model, name, output, view, labels).to(_DTYPES[spec.dtype], copy=True)
            for spec, view in by_layer[name]
        }

    tapped = reduce_taps(model, batch, list(by_layer), reduce)
    return {key: values for kept in tapped.values() for key, values in kept.items()}


def _kept(
    model: AuditedModel, layer: str, output: Tensor, view: View, labels: Tensor | None
) -> Tensor:
    if view.kind != SIGNALS_VIEW:
        return views(output, model.taps[layer], view.kind, view.size)
    classes = count_classes(model)
    targets = labels if view.target == LABEL else None
    if targets is not None:  # on a GPU a class that is not there ends the process
        require_classes(targets.tolist(), classes, model.name)
    return signals(output, targets)


def _gradients(
    model: AuditedModel, batch: Tensor, asked: Sequence[_Asked], labels: Tensor | None
) -> dict[str, Tensor]:
    """Differentiate once for all layers of one target and size."""
    found: dict[str, Tensor] = {}
    for target, size in sorted({(str(view.target), spec.shape[-1]) for spec, view in asked}):
        targets = labels.to(batch.device) if labels is not None and target == LABEL else None
        specs = [s for s, view in asked if (view.target, s.shape[-1]) == (target, size)]
        layers = [spec.layer for spec in specs]
        sketches = gradient_sketches(model, batch, targets, layers, size)
        found |= {spec.key: sketches[spec.layer].to(_DTYPES[spec.dtype]) for spec in specs}
    return found


def _copied(
    parts: Sequence[dict[str, Tensor]],
) -> tuple[dict[str, Tensor], torch.cuda.Event | None]:
    """Join parts in memory of the CPU; from a GPU the copies are only begun."""
    (joined, *rest) = parts
    if rest:
        joined = {key: torch.cat([part[key] for part in parts]) for key in joined}
    if all(values.device.type == "cpu" for values in joined.values()):
        return joined, None
    begun = {
        key: torch.empty(values.shape, dtype=values.dtype, pin_memory=True).copy_(
            values, non_blocking=True
        )
        for key, values in joined.items()
    }
    copied = torch.cuda.Event()
    copied.record()
    return begun, copied
