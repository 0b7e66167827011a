"""What stands on a network while it is trained, and turns its output into one logit a class."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mintcore.training.settings import ARCFACE

ARCFACE_SCALE = 64.0
ARCFACE_MARGIN = 0.5
# keeps the slope of the square root finite where an embedding lies right on its centre
_LEAST_SINE_SQUARED = 1e-6


class Head(nn.Module):
    """A classifier's head: none, for its output is one logit a class already."""

    def forward(self, outputs: Tensor) -> Tensor:
        """Map the network's outputs (N, D) to logits (N, K); here they are the same."""
        return outputs

    def penalised(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Give the logits (N, K) that the loss is taken of, for targets (N,) int64; here the same."""
        return logits


class SoftmaxHead(Head):
    """A linear layer on an embedding.

    Args:
        embedding: Width of the embedding.
        classes: How many there are.
    """

    def __init__(self, embedding: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, embedding).normal_(std=0.01))
        self.bias = nn.Parameter(torch.zeros(classes))

    def forward(self, outputs: Tensor) -> Tensor:
        """Map embeddings (N, D) to logits (N, K)."""
        return functional.linear(outputs, self.weight, self.bias)


class ArcFaceHead(Head):
    """Additive angular margin: Deng et al. 2019 (arXiv 1801.07698), equation 3.

    A class is a direction. An embedding must lie closer to its own, by an angle, than to others'.

    Args:
        embedding: Width of the embedding.
        classes: How many there are.
    """

    def __init__(self, embedding: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, embedding).normal_(std=0.01))

    def forward(self, outputs: Tensor) -> Tensor:
        """Map embeddings (N, D) to scaled cosines (N, K), without the margin."""
        directions = functional.normalize(self.weight)
        return ARCFACE_SCALE * functional.linear(functional.normalize(outputs), directions)

    def penalised(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Add the margin to the angle between each embedding and its own class.

        Beyond an angle of pi - margin, where the cosine would rise again, the penalty goes on as a
        constant, so that the loss still falls with the angle.
        """
        rows = torch.arange(len(targets), device=targets.device)
        cosine = logits[rows, targets] / ARCFACE_SCALE
        sine = (1 - cosine.square()).clamp_min(_LEAST_SINE_SQUARED).sqrt()
        moved = cosine * math.cos(ARCFACE_MARGIN) - sine * math.sin(ARCFACE_MARGIN)
        beyond = cosine - ARCFACE_MARGIN * math.sin(ARCFACE_MARGIN)
        reached = torch.where(cosine > -math.cos(ARCFACE_MARGIN), moved, beyond)
        return logits.index_put((rows, targets), ARCFACE_SCALE * reached)


def build_head(kind: str | None, embedding: int, classes: int) -> Head:
    """Make a head with fresh weights from torch's global random state.

    Args:
        kind: None for a classifier, "softmax" or "arcface".
        embedding: Width of the network's output.
        classes: How many there are.
    """
    if kind is None:
        return Head()
    return (ArcFaceHead if kind == ARCFACE else SoftmaxHead)(embedding, classes)
