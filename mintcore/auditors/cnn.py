"""The CNN MINT model: convolutions over the map view of one layer, then dense.

Filters, pooling and dense width are not published (2402.09225, section 4); ours are 32 and 64 filters of 3x3, with
max-pooling between them where the map is large, a 2x2 grid of averages, and 64 dense units.
"""

from torch import nn

from mintcore.auditors.pooling import MaxPool2d
from mintcore.auditors.standardisation import Standardise

FILTERS = (32, 64)
GRID = 2
DENSE = 64
POOLED_FROM_PX = 16
DROPOUT = 0.2


def build(shape: tuple[int, ...]) -> nn.Module:
    """Build the network for activations of shape (C, H, W); it gives (B, 1) logits, higher for members."""
    channels, height, width = shape
    pooling = 2 if min(height, width) >= POOLED_FROM_PX else 1
    first, second = FILTERS
    return nn.Sequential(
        Standardise(channels),
        nn.Conv2d(channels, first, 3, padding=1, bias=False),
        nn.BatchNorm2d(first),
        nn.ReLU(),
        MaxPool2d(pooling),
        nn.Conv2d(first, second, 3, padding=1, bias=False),
        nn.BatchNorm2d(second),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(GRID),
        nn.Flatten(),
        nn.Dropout(DROPOUT),
        nn.Linear(second * GRID**2, DENSE),
        nn.ReLU(),
        nn.Linear(DENSE, 1),
    )
