"""What an audited model computes inside for images, as a store keeps it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mintcore.arrays import parse_view
from mintcore.decoding import decoded_ahead
from mintcore.models.registration import AuditedModel
from mintcore.models.taps import reduce_taps
from mintcore.models.views import views
from store.layout import ArraySpec


@dataclass(frozen=True)
class Computed:
    """What a batch of images gave.

    Attributes:
        sample_ids: B ids.
        arrays: Array key -> (B, *shape) in the array's dtype.
        failures: Sample id -> (status, reason) of those that failed.
    """

    sample_ids: list[str]
    arrays: dict[str, np.ndarray]
    failures: dict[str, tuple[str, str]]


def compute(
    model: AuditedModel, images: dict[str, str], specs: Sequence[ArraySpec]
) -> Iterator[Computed]:
    """Run the model over images and give each batch as it is ready.

    Args:
        model: The audited model, on its device.
        images: Sample id -> uri.
        specs: The arrays wanted.
    """
    for batch in decoded_ahead(model.preprocessing, images):
        found = activations(model, batch.pixels, specs)
        failures = _non_finite(batch.sample_ids, found) | batch.failures
        yield Computed(batch.sample_ids, found, failures)


def activations(
    model: AuditedModel, pixels: torch.Tensor, specs: Sequence[ArraySpec]
) -> dict[str, np.ndarray]:
    """Run the model on one batch and give the wanted views as they are stored.

    Args:
        model: The audited model.
        pixels: (B, C, H, W) uint8, resized as the model's preprocessing says.
        specs: The arrays wanted.

    Returns:
        Array key -> (B, *shape) in the array's dtype.
    """
    by_layer: dict[str, list[ArraySpec]] = {}
    for spec in specs:
        by_layer.setdefault(spec.layer, []).append(spec)

    def reduce(name: str, output: torch.Tensor) -> dict[str, np.ndarray]:
        kept = {}
        for spec in by_layer[name]:
            view, map_side = parse_view(spec.view)
            reduced = views(output, model.taps[name], view, map_side).cpu().numpy()
            # beyond float16 becomes infinite, which callers look for
            with np.errstate(over="ignore"):
                kept[spec.key] = reduced.astype(spec.values_dtype)
        return kept

    batch = model.preprocessing.normalise(pixels.to(model.device))
    tapped = reduce_taps(model, batch, list(by_layer), reduce)
    return {key: values for kept in tapped.values() for key, values in kept.items()}


def _non_finite(sample_ids: list[str], found: dict[str, np.ndarray]) -> dict[str, tuple[str, str]]:
    failures: dict[str, tuple[str, str]] = {}
    for key, values in found.items():
        finite = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
        for position in np.flatnonzero(~finite):
            failures[sample_ids[position]] = ("non-finite", f"{key} has values that are not finite")
    return failures
