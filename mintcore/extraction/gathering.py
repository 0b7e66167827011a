"""Gather batches until they are worth a turn of the thread that writes, for it takes Python's lock.

They are copied into memory that is used again and again. What a model gives is small: if it outlived its batch, it
would lie between the activations of later ones, and the heap would grow around it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle

import numpy as np

from mintcore.extraction.computing import Computed
from mintcore.progress import Reporter
from store.layout import ArraySpec

GATHERED_BYTES = 4 * 2**20
COPIES_AHEAD = 1


class Rows:
    """Rows on their way to a store.

    Args:
        specs: The arrays.
        batch_size: Images of the largest batch.

    Attributes:
        sample_ids: N ids.
        unreadable: Sample id -> (status, reason) of those that could not be decoded.
    """

    def __init__(self, specs: Sequence[ArraySpec], batch_size: int) -> None:
        self.sample_ids: list[str] = []
        self.unreadable: dict[str, tuple[str, str]] = {}
        self._capacity = max(batch_size, GATHERED_BYTES // sum(spec.row_bytes for spec in specs))
        self._values = {
            spec.key: np.empty((self._capacity, *spec.shape), spec.values_dtype) for spec in specs
        }

    def fit(self, batch: Computed) -> bool:
        """Tell whether there is room for a batch."""
        return len(self.sample_ids) + len(batch.sample_ids) <= self._capacity

    def take(self, batch: Computed) -> None:
        """Copy a batch, once its values are there."""
        start = len(self.sample_ids)
        stop = start + len(batch.sample_ids)
        for key, values in batch.arrays().items():
            self._values[key][start:stop] = values
        self.sample_ids += batch.sample_ids
        self.unreadable |= batch.unreadable

    def arrays(self) -> dict[str, np.ndarray]:
        """Give array key -> (N, *shape), valid until the rows are emptied."""
        return {key: values[: len(self.sample_ids)] for key, values in self._values.items()}

    def emptied(self) -> "Rows":
        """Forget all rows."""
        self.sample_ids, self.unreadable = [], {}
        return self


def gathered(
    computed: Iterable[Computed], buffers: Sequence[Rows], reporter: Reporter
) -> Iterator[Rows]:
    """Give batches together.

    Args:
        computed: The batches, in order.
        buffers: At least two; one that was given is used again after all others.
        reporter: Told of every batch.
    """
    free = cycle(buffers)
    rows = next(free).emptied()
    for batch in _landed(computed):
        reporter.advance(len(batch.sample_ids))
        if not rows.fit(batch):
            yield rows
            rows = next(free).emptied()
        rows.take(batch)
    if rows.sample_ids:
        yield rows


def _landed(computed: Iterable[Computed]) -> Iterator[Computed]:
    """Give each batch when the model is at the next: its copy from a GPU is done by then."""
    under_way: deque[Computed] = deque()
    for batch in computed:
        under_way.append(batch)
        if len(under_way) > COPIES_AHEAD:
            yield under_way.popleft()
    yield from under_way
