"""The network for what a model computes of several queries of an image: how the answers are spread, then a perceptron.

A member was shown to the model under many of these queries, so all of them are answered alike; a new image is answered
as surely as a member under most of them, and less surely under some. Which query that is differs from image to image,
so the network reads how each number is spread over the queries in place of the single answers: for 64 queries that
is a fifth of the inputs, and no worse (`docs/lab-notebook.md`).
"""

import torch
from torch import nn

from mintcore.auditors.perceptrons import learning_layers
from mintcore.auditors.standardisation import Standardise
from mintcore.errors import MintError

WIDTHS = (64, 32)
DROPOUT = 0.2
LEVELS = (0.0, 0.025, 0.05, 0.125, 0.25, 0.5, 0.75, 0.95, 0.975, 1.0)
"""Quantiles over the queries; the lowest answers, which tell most, are read most closely."""
FARTHEST = 6.0
"""Standard deviations from the mean at which a statistic is cut off: some images are far outliers."""


class Spread(nn.Module):
    """Statistics over the queries: quantiles, mean and standard deviation of each number.

    Attributes:
        levels: Q quantiles.
    """

    levels: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("levels", torch.tensor(LEVELS), persistent=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Turn (B, K, S) numbers of K queries into (B, (Q + 2) * S)."""
        quantiles = _quantiles(values.sort(dim=1).values, self.levels)
        mean, std = values.mean(1, keepdim=True), values.std(1, keepdim=True, correction=0)
        return torch.cat([quantiles, mean, std], dim=1).flatten(1)


def build(shape: tuple[int, ...]) -> nn.Module:
    """Build the network for activations of shape (K, S): S numbers of each of K queries.

    It gives (B, 1) logits, higher for members.

    Raises:
        MintError: The shape is not that of several queries.
    """
    if len(shape) != 2:
        raise MintError(
            "An auditor of kind 'queries' reads a view of several queries, such as signals-label-q64: name one."
        )
    features = (len(LEVELS) + 2) * shape[1]
    return nn.Sequential(
        Spread(),
        Standardise(features),
        nn.Hardtanh(-FARTHEST, FARTHEST),
        *learning_layers(features, WIDTHS, DROPOUT),
    )


def _quantiles(ordered: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Interpolate (B, Q, S) quantiles of (B, K, S) sorted numbers linearly, as numpy does.

    ``torch.quantile`` has no half-precision kernels and sorts for every call.
    """
    places = levels * (ordered.shape[1] - 1)
    below, above = places.floor().long(), places.ceil().long()
    share = (places - below)[None, :, None].to(ordered.dtype)
    return ordered[:, below] + share * (ordered[:, above] - ordered[:, below])
