"""The Vanilla MINT model: a three-layer perceptron over the pooled view of one layer.

The widths are not published (2402.09225, section 4); ours are 128 and 64 with dropout.
"""

from math import prod

from torch import nn

from mintcore.auditors.perceptrons import learning_layers
from mintcore.auditors.standardisation import Standardise

WIDTHS = (128, 64)
DROPOUT = 0.2


def build(shape: tuple[int, ...]) -> nn.Module:
    """Build the network for activations of shape (C,), or (K, C) of K queries.

    It gives (B, 1) logits, higher for members.
    """
    features = prod(shape)
    return nn.Sequential(
        *([nn.Flatten()] if len(shape) > 1 else []),
        Standardise(features),
        *learning_layers(features, WIDTHS, DROPOUT),
    )
