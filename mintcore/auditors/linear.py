"""The linear auditor, the floor: logistic regression over one layer's standardised vector."""

from math import prod

from torch import nn

from mintcore.auditors.standardisation import Standardise


def build(shape: tuple[int, ...]) -> nn.Module:
    """Build the network for activations of shape (C,), or (K, C) of K queries.

    It gives (B, 1) logits, higher for members.
    """
    features = prod(shape)
    flatten = [nn.Flatten()] if len(shape) > 1 else []
    return nn.Sequential(*flatten, Standardise(features), nn.Linear(features, 1))
