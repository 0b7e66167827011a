"""Rows of several arrays side by side, for what reads them as one."""

from collections.abc import Iterable, Iterator, Sequence
from math import prod

import numpy as np

from store.epochs import Batch, RowSet


class JoinedRows:
    """What several arrays hold of the same images, each flattened, one after the other.

    They are gone through in the order of the first; what does not fit into memory of the others is read image by image.

    Args:
        sets: K sets of the same N images, in the same order.
    """

    def __init__(self, sets: Sequence[RowSet]) -> None:
        self.specs = tuple(spec for each in sets for spec in each.specs)
        self.shape = (sum(prod(spec.shape) for spec in self.specs),)
        self._first, *self._others = sets

    def __len__(self) -> int:
        return len(self._first)

    def sequential(self, batch_size: int) -> Iterator[Batch]:
        """Go through the images as they lie on disk.

        Yields:
            Positions (B,) and (B, F) float32, as ``RowSet.sequential``.

        Raises:
            StoreError: A file of the store is missing or damaged.
        """
        return self._beside(self._first.sequential(batch_size))

    def shuffled(self, batch_size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Go through the images in a new order, which depends on ``rng`` alone.

        Yields:
            As ``sequential``.

        Raises:
            StoreError: A file of the store is missing or damaged.
        """
        return self._beside(self._first.shuffled(batch_size, rng))

    def _beside(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        for positions, first in batches:
            yield positions, joined([first, *(each.at(positions) for each in self._others)])


def joined(values: Sequence[np.ndarray]) -> np.ndarray:
    """Flatten (B, *shape) values of several arrays and put them side by side: (B, F) float32."""
    return np.concatenate(
        [each.reshape(len(each), -1).astype(np.float32) for each in values], axis=1
    )
