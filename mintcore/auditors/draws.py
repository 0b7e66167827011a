"""What a training draws by chance, from its seed alone: the order of images, and what dropout drops."""

from collections.abc import Sequence

import numpy as np
import torch

_VALUES = 2**16
_VALUES_A_DRAW = 4


class Draws:
    """The draws of one seed.

    Args:
        seed: The seed.
    """

    def __init__(self, seed: int) -> None:
        order, dropout = np.random.SeedSequence(seed).spawn(2)
        self._order, self._dropout = np.random.default_rng(order), np.random.SFC64(dropout)

    def order(self, images: int) -> np.ndarray:
        """Give (N,) positions in the order of the next epoch."""
        return self._order.permutation(images)

    def mask(self, count: int, share: float) -> np.ndarray:
        """Give (count,) float32 factors: 0 for that share, and for the others what keeps the mean at 1."""
        raw = self._dropout.random_raw(-(-count // _VALUES_A_DRAW)).view(np.uint16)[:count]
        kept = raw >= np.uint16(round(share * _VALUES))
        return np.multiply(kept, np.float32(1 / (1 - share)), dtype=np.float32)


class Dropout:
    """Dropout of K networks sorted by seed, some steps at a time: networks of one seed share a mask.

    Args:
        draws: Of each seed.
        counts: How many networks each seed has.
        widths: Width of each hidden layer.
        shares: Share of units to drop after each hidden layer.
        device: Where the networks are.
    """

    def __init__(
        self,
        draws: Sequence[Draws],
        counts: Sequence[int],
        widths: Sequence[int],
        shares: Sequence[float],
        device: torch.device,
    ) -> None:
        ends = np.cumsum(counts).tolist()
        self._networks = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
        self._draws, self._device = draws, device
        self._layers = list(zip(widths, shares, strict=False))
        self._masks: list[torch.Tensor | None] = []

    def draw(self, images: int) -> None:
        """Draw for the next images of the epoch."""
        self._masks = [self._mask(images, width, share) for width, share in self._layers]

    def apply(self, layer: int, hidden: torch.Tensor, images: slice) -> None:
        """Drop units of (K, B, H) after the hidden layer of that number, in place, at some images of those drawn."""
        mask = self._masks[layer]
        if mask is not None:
            for seed, networks in enumerate(self._networks):
                hidden[networks].mul_(mask[seed, images])

    def _mask(self, images: int, width: int, share: float) -> torch.Tensor | None:
        """Give (S, images, H) factors; None where nothing is dropped."""
        if share == 0:
            return None
        drawn = np.stack([draws.mask(images * width, share) for draws in self._draws])
        return torch.from_numpy(drawn).view(-1, images, width).to(self._device)
