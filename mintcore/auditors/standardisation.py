"""Standardise activations with what the training part showed."""

from collections.abc import Iterable

import numpy as np
import torch

from mintcore.auditors.preparation import Preparation

_TINY = 1e-6


class Standardise(Preparation):
    """Subtract the mean and divide by the standard deviation, per feature (C,) or per channel of a map (C, H, W).

    Args:
        channels: C.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Standardise (B, C) or (B, C, H, W) float32."""
        shape = (1, -1, *([1] * (values.ndim - 2)))
        return (values - self.mean.view(shape)) / self.std.view(shape)

    def fit(self, batches: Iterable[np.ndarray]) -> None:
        """Take mean and standard deviation from (B, C, ...) batches of the training part, in one pass."""
        count, total, squares = 0, np.zeros(0), np.zeros(0)
        for batch in batches:
            values = np.moveaxis(batch.astype(np.float64), 1, -1).reshape(-1, batch.shape[1])
            if count == 0:
                total, squares = np.zeros(values.shape[1]), np.zeros(values.shape[1])
            count += len(values)
            total += values.sum(axis=0)
            squares += (values**2).sum(axis=0)
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - mean**2, 0))
        self.mean.copy_(torch.from_numpy(mean))
        self.std.copy_(
            torch.from_numpy(np.where(std > _TINY, std, 1.0))
        )  # a constant feature stays at zero
