"""Our store as one way to keep an array, beside the rivals."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import zarr

from benchmarks.rivals import pieces
from store.artefacts import Home
from store.epochs import RowSet
from store.feature_store import FeatureStore, create_store, open_store
from store.layout import ArraySpec
from store.reading import SCRATCH_BYTES

WINDOWS_BYTES = 64 * 2**20
DEFAULT_PIPELINE = "zarr.core.codec_pipeline.BatchedCodecPipeline"


class Stored:
    """The store, with one array: a ``Side``.

    Args:
        folder: Where its home is made.
        spec: The array.
        rows: Its rows.
    """

    name = "store"

    def __init__(self, folder: Path, spec: ArraySpec, rows: int) -> None:
        self.home, self.spec, self.rows = Home(folder / "home"), spec, rows
        self._ids = [f"{number:032x}" for number in range(rows)]
        self.folder = self.home.folder("stores", "written-0")
        self._written = 0
        self._opened: FeatureStore | None = None
        self._open: RowSet | None = None
        self.megabytes = rows * spec.row_bytes / 1e6
        # a quarter of a small array, so that it is streamed too
        self.memory_bytes = SCRATCH_BYTES + min(WINDOWS_BYTES, rows * spec.row_bytes // 4)

    def write(self, block: np.ndarray) -> None:
        """Write the values again and again into a new store, in blocks as large as it takes."""
        name = f"written-{self._written}"
        self._opened, self._open, self._written = None, None, self._written + 1
        store = create_store(self.home, name, expected_rows=self.rows)
        with store.writer([self.spec], self.rows) as writer:
            for rows in pieces(self.rows, store.block_rows):
                with writer.block() as growing:
                    for part in pieces(rows.stop - rows.start, len(block)):
                        ids = self._ids[rows][part]
                        growing.append(ids, {self.spec.key: block[: len(ids)]})
                    growing.commit()

    def row_set(self) -> RowSet:
        """Open the store once, for passes in ``memory_bytes``."""
        if self._open is None:
            rows = np.arange(self.rows)
            self._open = RowSet(self._store(), self.spec.key, rows, self.memory_bytes)
        return self._open

    def _store(self) -> FeatureStore:
        if self._opened is None:
            self._opened = open_store(self.folder)
        return self._opened

    def sequential(self, size: int) -> Iterator[np.ndarray]:
        """Give batches as they lie on disk."""
        return (values for _, values in self.row_set().sequential(size))

    def shuffled(self, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Give the batches of an epoch."""
        return (values for _, values in self.row_set().shuffled(size, rng))

    def whole(self) -> np.ndarray:
        """Read all rows with one call."""
        return self._store().read(self.spec.key, np.arange(self.rows))

    def by_default_codecs(self, size: int) -> Iterator[np.ndarray]:
        """Read the very same files with the codecs that Zarr itself brings."""
        folder = self.folder / "activations.zarr" / self.spec.key
        with zarr.config.set({"codec_pipeline.path": DEFAULT_PIPELINE}):
            array = zarr.open_array(folder, mode="r")
            for rows in pieces(self.rows, size):
                yield np.asarray(array[rows])
