"""What an export holds: the images that have every array, and their values a window at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa

from store.errors import StoreError
from store.exporting.sample_table import SAMPLE_ID, checked_samples
from store.feature_store import FeatureStore

WINDOW_BYTES = 32 * 2**20
"""Activations that a format takes at a time, unless a single row is larger."""

READ_BYTES = 16 * 2**20
"""Chunks that one read of the store spans. It holds them twice, in the store's order and in ours,
beside the window: 64 MiB in all."""

LOCATED_AT_ONCE = 2**18
"""Ids that are Python strings at a time; all those of 22 million images would take 2 GB."""


@dataclass(frozen=True, eq=False)
class Activations:
    """One array for the images of an export, in their order.

    Args:
        store: Where it is.
        key: ``"layer/view"``.
        layer: The layer.
        view: The view.
        shape: The shape of one row.
        dtype: Of the values that the store gives.
        rows: (N,) int64 the images' rows in the store.
    """

    store: FeatureStore
    key: str
    layer: str
    view: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows: np.ndarray

    @property
    def name(self) -> str:
        """The key as a file name: ``"layer.view"``."""
        return f"{self.layer}.{self.view}"

    @property
    def width(self) -> int:
        """D, the values of one row."""
        return prod(self.shape)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.width * self.dtype.itemsize

    def read(self, start: int, stop: int) -> np.ndarray:
        """Read the images from ``start`` up to ``stop``.

        Returns:
            (stop - start, D) contiguous values, each row flattened in C order.

        Raises:
            StoreError: A file of the store is missing or damaged.
        """
        rows = self.rows[start:stop]
        order = np.argsort(rows, kind="stable")
        values = np.empty((len(rows), self.width), self.dtype)
        for first, last in self._pieces(rows[order]):
            piece = order[first:last]
            values[piece] = self.store.read(self.key, rows[piece]).reshape(len(piece), -1)
        return values

    def _pieces(self, rows: np.ndarray) -> Iterator[tuple[int, int]]:
        """Cut sorted rows so that the chunks of each piece together take ``READ_BYTES``."""
        chunk_rows = self.store.chunk_rows(self.key)
        span_rows = max(READ_BYTES // (chunk_rows * self.row_bytes), 1) * chunk_rows
        cuts = np.flatnonzero(np.diff(rows // span_rows)) + 1
        yield from pairwise([0, *cuts.tolist(), len(rows)])


@dataclass(frozen=True, eq=False)
class Selection:
    """What an export holds.

    Args:
        origin: Which store and model it comes from, as text.
        samples: (N rows) the images that are exported, in the wanted order.
        arrays: Their activations, in the wanted order.
        left_out: How many images lack a row in one of the arrays.
    """

    origin: dict[str, str]
    samples: pa.Table
    arrays: tuple[Activations, ...]
    left_out: int

    @property
    def images(self) -> int:
        """N, the images that are exported."""
        return int(self.samples.num_rows)

    def estimate_bytes(self) -> int:
        """Bound the bytes that the export takes on disk, before compression."""
        row_bytes = sum(array.row_bytes for array in self.arrays)
        return int(self.images * row_bytes + 2 * self.samples.nbytes + 2**20)


def select(store: FeatureStore, keys: Sequence[str], samples: pa.Table) -> Selection:
    """Find the images that have a row in every array.

    Args:
        store: The store.
        keys: The arrays.
        samples: The images, with a column ``sample_id``.

    Raises:
        StoreError: An array is unknown, the samples cannot be exported, or no image has all arrays.
    """
    _check_keys(store, keys)
    samples = checked_samples(samples)
    found = [_locate(store, key, samples[SAMPLE_ID]) for key in keys]
    whole = np.logical_and.reduce([rows >= 0 for rows in found])
    if not whole.any():
        raise StoreError(
            f"None of the {len(whole)} images has a row in {' and '.join(keys)} of {store.folder}: "
            "extract these layers for them first, or export other layers."
        )
    arrays = tuple(_open(store, key, rows[whole]) for key, rows in zip(keys, found, strict=True))
    return Selection(_origin(store), samples.filter(pa.array(whole)), arrays, int(np.sum(~whole)))


def window_rows(row_bytes: int) -> int:
    """Give the images that fit in ``WINDOW_BYTES``, but one at least."""
    return max(WINDOW_BYTES // row_bytes, 1)


def windows(images: int, rows: int) -> Iterator[tuple[int, int]]:
    """Cut images into windows of so many rows: the first, and the one after the last."""
    for start in range(0, images, rows):
        yield start, min(start + rows, images)


def _check_keys(store: FeatureStore, keys: Sequence[str]) -> None:
    specs = store.specs()
    there = ", ".join(specs) or "nothing yet"
    if not keys:
        raise StoreError(f"No layer is chosen: {store.folder} has {there}.")
    names: dict[str, str] = {}
    for key in keys:
        if key not in specs:
            raise StoreError(f"The store {store.folder} has no {key}; it has {there}.")
        # as file names are compared on disks that ignore case, and columns by DuckDB
        name = f"{specs[key].layer}.{specs[key].view}".casefold()
        if name in names:
            raise StoreError(
                f"{names[name]} and {key} would have one name: export each once, and on its own."
            )
        names[name] = key


def _locate(store: FeatureStore, key: str, ids: pa.ChunkedArray) -> np.ndarray:
    rows = np.full(len(ids), -1, np.int64)
    for start in range(0, len(ids), LOCATED_AT_ONCE):
        some = ids.slice(start, LOCATED_AT_ONCE).to_pylist()
        rows[start : start + len(some)] = store.locate(key, some)
    return rows


def _open(store: FeatureStore, key: str, rows: np.ndarray) -> Activations:
    spec = store.specs()[key]
    return Activations(store, key, spec.layer, spec.view, spec.shape, spec.values_dtype, rows)


def _origin(store: FeatureStore) -> dict[str, str]:
    fields = {"store": "id", "model": "model", "model_fingerprint": "model_fingerprint"}
    return {name: str(store.card[field]) for name, field in fields.items() if field in store.card}
