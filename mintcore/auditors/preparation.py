"""What stands before the part of a network that learns, and is fitted once, on the training part alone."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np
from torch import nn


class Preparation(nn.Module, ABC):
    """A module without parameters: its buffers come from what the training part shows, never from its labels."""

    @abstractmethod
    def fit(self, batches: Iterable[np.ndarray]) -> None:
        """Fit the buffers in one pass over (B, ...) batches of the training part."""
