"""Probes: how well a layer alone tells the class that the model gives to an image.

How sure an early layer is says how hard the image is before what the model remembers of it comes in: a member and an
external image that the model is equally sure of differ in how hard they were (`docs/lab-notebook.md`). Linear probes of
inner layers are those of Alain and Bengio 2016 (arXiv 1610.01644), here as ridge regression.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

PULL = 30.0
"""Of the ridge, in images: a direction that fewer tell of is not trusted."""


class Probe(nn.Module):
    """Ridge regression of the model's class on the activations of one layer.

    Attributes:
        weight: (C, K) of K classes.
        bias: (K,).
    """

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(channels, classes))
        self.register_buffer("bias", torch.zeros(classes))

    def forward(self, values: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Turn (B, C) activations and the model's own (B, K) logits into (B, 2).

        They are the answer for the class of the highest logit, and how far it is above the highest other answer.
        """
        answers = values @ self.weight + self.bias
        classes = logits.argmax(1, keepdim=True)
        own = answers.gather(1, classes)
        others = answers.scatter(1, classes, -torch.inf).amax(1, keepdim=True)
        return torch.cat([own, own - others], dim=1)

    def extra_repr(self) -> str:
        """Name what a probe of another design would not have."""
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}, pull={PULL}"


@dataclass
class Moments:
    """What ridge regression needs of (C,) activations x and (K,) targets y, summed up batch by batch in float64."""

    count: int = 0
    sums: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, x: np.ndarray, y: np.ndarray) -> None:
        """Add (B, C) activations with (B, K) targets."""
        x, y = x.astype(np.float64), y.astype(np.float64)
        more = {"x": x.sum(0), "y": y.sum(0), "xx": x.T @ x, "xy": x.T @ y}
        self.count += len(x)
        self.sums = {name: self.sums.get(name, 0) + value for name, value in more.items()}

    def solve(self) -> tuple[np.ndarray, np.ndarray]:
        """Give (C, K) weights and (K,) biases; the pull is on standardised activations, and not on the bias."""
        mean, target = self.sums["x"] / self.count, self.sums["y"] / self.count
        scatter = self.sums["xx"] - self.count * np.outer(mean, mean)
        spread = np.sqrt(np.maximum(np.diag(scatter) / self.count, 0))
        scale = np.where(spread > 0, spread, 1.0)
        gram = scatter / np.outer(scale, scale) + PULL * np.eye(len(mean))
        together = (self.sums["xy"] - self.count * np.outer(mean, target)) / scale[:, None]
        weight = np.linalg.solve(gram, together) / scale[:, None]
        return weight, target - mean @ weight
