"""The linear auditor, the floor: logistic regression over one layer's standardised vector."""

from torch import nn

from mintcore.auditors.standardisation import Standardise


def build(shape: tuple[int, ...]) -> nn.Module:
    """Build the network for activations of shape (C,); it gives (B, 1) logits, higher for members."""
    (features,) = shape
    return nn.Sequential(Standardise(features), nn.Linear(features, 1))
