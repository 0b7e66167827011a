"""Epochs over stored rows: scans and chunk-aware shuffles, read ahead in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import prod

import numpy as np

from store.feature_store import FeatureStore
from store.layout import ArraySpec
from store.reading import SCRATCH_BYTES

MEMORY_BYTES = 512 * 2**20

Batch = tuple[np.ndarray, np.ndarray]
"""Positions (B,) and values (B, *shape)."""


class RowSet:
    """Rows of one array of a store, to go through as often as wanted.

    What fits into ``memory_bytes`` is read once and kept. Anything larger is read in windows: a
    thread reads the next while the caller works on one. A chunk is what a read costs, so windows
    are made of whole chunks, and a shuffle mixes the chunks, and then the rows of each window.

    Args:
        store: The store.
        key: Array key, "layer/view".
        rows: (N,) int64 rows of the array, in any order.
        memory_bytes: Most bytes of activations held at once: two windows, and the
            ``SCRATCH_BYTES`` of a read. A window has at least one chunk, however small this is.
            Not counted are batches, which are copies for the caller to keep or change, and 24
            bytes a row for the order.

    Raises:
        StoreError: A file of the store is missing or damaged.
    """

    def __init__(
        self, store: FeatureStore, key: str, rows: np.ndarray, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        spec = store.specs()[key]
        self.specs, self.shape = (spec,), spec.shape
        self._store, self._key = store, key
        self._positions = np.argsort(rows, kind="stable")
        self._places = np.argsort(self._positions)
        self._rows = np.asarray(rows)[self._positions]
        most_rows = max(0, memory_bytes - SCRATCH_BYTES) // _row_bytes_held(spec)
        self._window_rows = most_rows // 2
        self._kept = store.read(key, self._rows) if len(rows) <= most_rows else None

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, positions: np.ndarray) -> np.ndarray:
        """Read some of the rows, (B,) positions in the set's rows: (B, *shape).

        Raises:
            StoreError: A file of the store is missing or damaged.
        """
        places = self._places[positions]
        return self._read(places) if self._kept is None else self._kept[places]

    def sequential(self, batch_size: int) -> Iterator[Batch]:
        """Go through the rows as they lie on disk.

        Yields:
            Positions (B,) in the set's rows and their values (B, *shape). Every row comes once;
            every batch but the last has ``batch_size`` rows.

        Raises:
            StoreError: A file of the store is missing or damaged.
        """
        return _batches(self._windows(None), batch_size)

    def shuffled(self, batch_size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Go through the rows in a new order, which depends on ``rng`` alone.

        Yields:
            As ``sequential``.

        Raises:
            StoreError: A file of the store is missing or damaged.
        """
        return _batches(self._windows(rng), batch_size)

    def _windows(self, rng: np.random.Generator | None) -> Iterator["_Window"]:
        for places, values in self._loaded(rng):
            order = None if rng is None else rng.permutation(len(places))
            yield _Window(self._positions[places], values, order)
            del values  # before the one after the next is read

    def _loaded(self, rng: np.random.Generator | None) -> Iterator[Batch]:
        if self._kept is not None:
            yield np.arange(len(self)), self._kept
            return
        yield from _read_ahead(self._read, self._plan(rng))

    def _read(self, places: np.ndarray) -> np.ndarray:
        return self._store.read(self._key, self._rows[places])

    def _plan(self, rng: np.random.Generator | None) -> Iterator[np.ndarray]:
        """Give the places of each window's rows, ascending."""
        chunk_of = self._rows // self._store.chunk_rows(self._key)
        edges = np.flatnonzero(np.diff(chunk_of, prepend=-1, append=-1))
        chunks = np.arange(len(edges) - 1) if rng is None else rng.permutation(len(edges) - 1)
        for group in _grouped(chunks, np.diff(edges), self._window_rows):
            yield np.concatenate([np.arange(edges[i], edges[i + 1]) for i in sorted(group)])


def _row_bytes_held(spec: ArraySpec) -> int:
    """Count a row as it is read and, where that is another type, as it is returned."""
    returned = prod(spec.shape) * spec.values_dtype.itemsize
    return spec.row_bytes + (returned if spec.values_dtype != spec.stored_dtype else 0)


@dataclass(frozen=True)
class _Window:
    """Rows in memory: positions (W,), values (W, *shape), and the order to give them in."""

    positions: np.ndarray
    values: np.ndarray
    order: np.ndarray | None

    def __len__(self) -> int:
        return len(self.positions)

    def copy(self, start: int, stop: int) -> Batch:
        """Copy some of the rows, in order."""
        if self.order is None:
            return self.positions[start:stop].copy(), self.values[start:stop].copy()
        at = self.order[start:stop]
        return self.positions[at], np.take(self.values, at, axis=0)


def _batches(windows: Iterable[_Window], size: int) -> Iterator[Batch]:
    """Cut windows into batches of one size; what is left of one goes into the next."""
    left: Batch | None = None
    for window in windows:
        done = 0
        if left is not None:
            done = min(size - len(left[0]), len(window))
            left = _joined(left, window.copy(0, done))
        for start in range(done, len(window), size):
            if left is not None:
                yield left
            left = window.copy(start, min(start + size, len(window)))
        del window
    if left is not None:
        yield left


def _joined(one: Batch, other: Batch) -> Batch:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def _read_ahead(
    read: Callable[[np.ndarray], np.ndarray], windows: Iterable[np.ndarray]
) -> Iterator[Batch]:
    """Read each window in a thread while the one before is in use. The thread ends with the loop."""
    ahead: deque[tuple[np.ndarray, Future[np.ndarray]]] = deque()

    def arrived() -> Batch:
        places, values = ahead.popleft()
        return places, values.result()

    with ThreadPoolExecutor(1, "store-read") as thread:
        for places in windows:
            ahead.append((places, thread.submit(read, places)))
            if len(ahead) == 2:
                yield arrived()
        while ahead:
            yield arrived()


def _grouped(chunks: np.ndarray, counts: np.ndarray, most: int) -> Iterator[list[int]]:
    """Gather chunks, in their order, into groups of at most ``most`` rows or one chunk."""
    group: list[int] = []
    rows = 0
    for chunk in chunks.tolist():
        if group and rows + counts[chunk] > most:
            yield group
            group, rows = [], 0
        group.append(chunk)
        rows += counts[chunk]
    if group:
        yield group
