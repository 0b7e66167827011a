"""Stored activations as batches: shuffled by chunk, in windows of bounded memory."""

from collections.abc import Iterator

import numpy as np

from store.feature_store import FeatureStore

WINDOW_BYTES = 256 * 2**20


class ActivationSet:
    """Rows of one array of a store, read in windows.

    A chunk is what a read costs, so an epoch shuffles chunks, reads a window of them, and shuffles the rows within it.
    Where everything fits into one window it is read once and kept.

    Args:
        store: The store.
        key: Array key, "layer/view".
        rows: (N,) int64 rows of the array.
        window_bytes: Most bytes of activations in memory at once.
    """

    def __init__(
        self, store: FeatureStore, key: str, rows: np.ndarray, window_bytes: int = WINDOW_BYTES
    ) -> None:
        self._store, self._key, self._rows = store, key, rows
        spec = store.specs()[key]
        self.shape = spec.shape
        self._window_rows = max(1, window_bytes // spec.row_bytes)
        self._whole = self._read(np.arange(len(rows))) if len(rows) <= self._window_rows else None

    def __len__(self) -> int:
        return len(self._rows)

    def sequential(self, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield positions (B,) and values (B, *shape), every row once."""
        for window in self._windows(None):
            values = self._values(window)
            for start in range(0, len(window), batch_size):
                piece = slice(start, start + batch_size)
                yield window[piece], values[piece]

    def shuffled(
        self, batch_size: int, rng: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield positions (B,) and values (B, *shape), every row once, in a new order for every call."""
        for window in self._windows(rng):
            values = self._values(window)
            order = rng.permutation(len(window))
            for start in range(0, len(window), batch_size):
                piece = order[start : start + batch_size]
                yield window[piece], values[piece]

    def _windows(self, rng: np.random.Generator | None) -> Iterator[np.ndarray]:
        if self._whole is not None:
            yield np.arange(len(self._rows))
            return
        chunk_of = self._rows // self._store.chunk_rows(self._key)
        by_chunk = np.argsort(chunk_of, kind="stable")
        chunks = np.split(by_chunk, np.flatnonzero(np.diff(chunk_of[by_chunk])) + 1)
        order = np.arange(len(chunks)) if rng is None else rng.permutation(len(chunks))
        mixed = np.concatenate([chunks[i] for i in order])
        yield from np.split(mixed, range(self._window_rows, len(mixed), self._window_rows))

    def _values(self, positions: np.ndarray) -> np.ndarray:
        return self._read(positions) if self._whole is None else self._whole[positions]

    def _read(self, positions: np.ndarray) -> np.ndarray:
        return self._store.read(self._key, self._rows[positions])
