"""What a training draws by chance, from its seed alone: the order of images, and what dropout drops."""

from collections.abc import Sequence

import numpy as np
import torch

_VALUES = 2**16


class Draws:
    """The draws of one seed.

    Args:
        seed: The seed.
    """

    def __init__(self, seed: int) -> None:
        order, dropout = np.random.SeedSequence(seed).spawn(2)
        self._order, self._dropout = np.random.default_rng(order), np.random.default_rng(dropout)

    def order(self, images: int) -> np.ndarray:
        """Give (N,) positions in the order of the next epoch."""
        return self._order.permutation(images)

    def mask(self, count: int, share: float) -> np.ndarray:
        """Give (count,) float32 factors: 0 for about that share, and for the others what keeps the mean at 1."""
        kept = self._dropout.integers(0, _VALUES, count, np.uint16) >= round(share * _VALUES)
        return kept * np.float32(1 / (1 - share))


class Dropout:
    """Dropout of K networks sorted by seed: networks of one seed share a mask.

    Args:
        draws: Of each seed.
        counts: How many networks each seed has.
        shares: Share of units to drop after each hidden layer.
    """

    def __init__(
        self, draws: Sequence[Draws], counts: Sequence[int], shares: Sequence[float]
    ) -> None:
        self._draws, self._counts, self._shares = draws, list(counts), shares

    def apply(self, layer: int, hidden: torch.Tensor) -> None:
        """Drop units of (K, B, H) after the hidden layer of that number, in place."""
        share = self._shares[layer]
        if share == 0:
            return
        images, width = hidden.shape[1:]
        for draws, of_seed in zip(self._draws, hidden.split(self._counts), strict=True):
            mask = torch.from_numpy(draws.mask(images * width, share)).view(images, width)
            of_seed.mul_(mask.to(hidden.device))
