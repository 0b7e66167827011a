"""What an audited model computes inside for one image: its queries go through the model together.

A store is filled query by query, since there a batch is many images. Of one image that would be a forward pass for
each of its queries, and small batches are slow.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from mintcore.arrays import View, parse_view
from mintcore.extraction.computing import activations
from mintcore.extraction.queries import QUERIES, show
from mintcore.extraction.stresses import STRESSES, stress
from mintcore.models.registration import AuditedModel
from store.layout import ArraySpec

AT_ONCE = 16
"""Most queries in one forward pass."""

_Group = tuple[bool, int]


def activations_of_one(
    model: AuditedModel, pixels: Tensor, specs: Sequence[ArraySpec]
) -> dict[str, np.ndarray]:
    """Run the model on one image and give the wanted views as they are stored.

    Args:
        model: The audited model.
        pixels: (1, C, H, W) uint8, resized as the model's preprocessing says.
        specs: The arrays wanted; where a label is needed, the predicted class stands in for it.

    Returns:
        Array key -> (1, *shape) in the array's dtype; beyond float16 it is infinite.
    """
    groups: dict[_Group, list[tuple[ArraySpec, ArraySpec]]] = defaultdict(list)
    for spec in specs:
        view = parse_view(spec.view)
        groups[view.stressed, view.queries].append((spec, _of_one_query(spec, view)))
    found: dict[str, np.ndarray] = {}
    for (stressed, queries), wanted in groups.items():
        shown = _shown(pixels, stressed, queries)
        answers = [
            activations(model, torch.cat(batch), [single for _, single in wanted])
            for batch in _batches(shown)
        ]
        for spec, single in wanted:
            values = np.concatenate([answer[single.key] for answer in answers])
            found[spec.key] = values if queries == 1 else values[None]
    return found


def _of_one_query(spec: ArraySpec, view: View) -> ArraySpec:
    """Give the array of the same view of the image as it is shown."""
    shape = spec.shape if view.queries == 1 else spec.shape[1:]
    return replace(spec, view=replace(view, queries=1, stressed=False).name, shape=shape)


def _shown(pixels: Tensor, stressed: bool, queries: int) -> Iterator[Tensor]:
    if stressed:
        return (stress(pixels, how) for how in STRESSES[:queries])
    return (show(pixels, query) for query in QUERIES[:queries])


def _batches(shown: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    waiting = iter(shown)
    while batch := list(islice(waiting, AT_ONCE)):
        yield batch
