"""The activations of several exercises side by side on the device, prepared as their networks want them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mintcore.auditors.exercises import LabelledSet

READING_BATCH = 1024
VALUE_BYTES = 4


@dataclass(frozen=True)
class StackedSet:
    """What L exercises of N images each learn from, or are validated on.

    Attributes:
        values: (L, N, F) float32, narrower activations filled up with zeros.
        targets: (L, N) float32, 1 for members.
    """

    values: torch.Tensor
    targets: torch.Tensor


def load(
    parts: Sequence[tuple[nn.Sequential, LabelledSet]], inputs: int, device: torch.device
) -> StackedSet:
    """Load sets of as many images each.

    Args:
        parts: What prepares the activations, fitted, and the set, for each exercise.
        inputs: F.
        device: Where to keep them.
    """
    images = len(parts[0][1].is_member)
    values = torch.zeros(len(parts), images, inputs)
    for row, (preparation, labelled) in zip(values, parts, strict=True):
        _fill(row, preparation, labelled)
    targets = np.stack([labelled.is_member for _, labelled in parts]).astype(np.float32)
    return StackedSet(values.to(device), torch.from_numpy(targets).to(device))


@torch.no_grad()
def _fill(values: torch.Tensor, preparation: nn.Sequential, labelled: LabelledSet) -> None:
    preparation.eval()
    for positions, batch in labelled.activations.sequential(READING_BATCH):
        prepared = preparation(torch.from_numpy(np.ascontiguousarray(batch, dtype=np.float32)))
        values[torch.from_numpy(positions), : prepared.shape[1]] = prepared
