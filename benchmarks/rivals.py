"""How others keep activations: one memory-mapped array, .npy shards, one chunked HDF5 file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from store.durability import flush_file

try:
    import h5py  # type: ignore[import-untyped,unused-ignore]
except ImportError:
    h5py = None

HAS_H5PY = h5py is not None

CHUNK_ROWS = 1024
SHARD_ROWS = 8192


class Side(Protocol):
    """One way to keep an array."""

    name: str

    def write(self, block: np.ndarray) -> None:
        """Write the block again and again until the array is full; flush it to disk."""

    def whole(self) -> np.ndarray:
        """Read everything into memory."""

    def sequential(self, size: int) -> Iterator[np.ndarray]:
        """Give the rows in batches, as they lie on disk."""

    def shuffled(self, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Give the rows in batches, in a new order."""


class Memmap:
    """One .npy file for the whole array, mapped into memory."""

    name = "numpy memmap"

    def __init__(self, folder: Path, shape: tuple[int, ...]) -> None:
        self.file, self.shape = folder / "memmap.npy", shape
        self._mapped: np.ndarray | None = None

    def write(self, block: np.ndarray) -> None:
        """Write through a mapping of its own."""
        self._mapped = None
        mapped = np.lib.format.open_memmap(self.file, "w+", block.dtype, self.shape)
        for rows in pieces(self.shape[0], len(block)):
            mapped[rows] = block[: rows.stop - rows.start]
        mapped.flush()
        flush_file(self.file)

    def whole(self) -> np.ndarray:
        """Copy the mapping."""
        return np.array(np.load(self.file, mmap_mode="r"))

    def sequential(self, size: int) -> Iterator[np.ndarray]:
        """Give views of the file, a batch each."""
        mapped = self._open()
        for rows in pieces(self.shape[0], size):
            yield mapped[rows]

    def shuffled(self, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Give batches of rows from anywhere in the file."""
        mapped = self._open()
        order = rng.permutation(self.shape[0])
        for rows in pieces(self.shape[0], size):
            yield mapped[order[rows]]

    def _open(self) -> np.ndarray:
        if self._mapped is None:
            self._mapped = np.load(self.file, mmap_mode="r")
        return self._mapped


class Shards:
    """Plain .npy files of 8,192 rows."""

    name = ".npy shards"

    def __init__(self, folder: Path, shape: tuple[int, ...]) -> None:
        self.folder, self.shape = folder, shape
        self._all = pieces(shape[0], SHARD_ROWS)

    def write(self, block: np.ndarray) -> None:
        """Write a file a block."""
        for number, rows in enumerate(self._all):
            np.save(self._file(number), block[: rows.stop - rows.start])
            flush_file(self._file(number))

    def whole(self) -> np.ndarray:
        """Load one file after the other."""
        return np.concatenate([np.load(self._file(number)) for number in range(len(self._all))])

    def sequential(self, size: int) -> Iterator[np.ndarray]:
        """Load one file after the other and cut it into batches."""
        for number in range(len(self._all)):
            values = np.load(self._file(number))
            yield from (values[rows] for rows in pieces(len(values), size))

    def shuffled(self, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Shuffle the files, then the rows of each."""
        for number in rng.permutation(len(self._all)):
            values = np.load(self._file(number))
            order = rng.permutation(len(values))
            yield from (values[order[rows]] for rows in pieces(len(values), size))

    def _file(self, number: int) -> Path:
        return self.folder / f"shard-{number:05d}.npy"


class Hdf5:
    """One HDF5 file with chunks of 1,024 rows and no compression."""

    name = "h5py"

    def __init__(self, folder: Path, shape: tuple[int, ...]) -> None:
        self.file, self.shape = folder / "values.h5", shape

    def write(self, block: np.ndarray) -> None:
        """Write into one dataset."""
        chunks = (min(CHUNK_ROWS, self.shape[0]), *self.shape[1:])
        with h5py.File(self.file, "w") as opened:
            values = opened.create_dataset("values", self.shape, block.dtype, chunks=chunks)
            for rows in pieces(self.shape[0], len(block)):
                values[rows] = block[: rows.stop - rows.start]
        flush_file(self.file)

    def whole(self) -> np.ndarray:
        """Read the dataset."""
        with h5py.File(self.file) as opened:
            return np.asarray(opened["values"][:])

    def sequential(self, size: int) -> Iterator[np.ndarray]:
        """Read a batch after the other."""
        with h5py.File(self.file) as opened:
            for rows in pieces(self.shape[0], size):
                yield opened["values"][rows]

    def shuffled(self, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Shuffle the chunks, then the rows of each: rows from anywhere take minutes."""
        with h5py.File(self.file) as opened:
            chunks = pieces(self.shape[0], CHUNK_ROWS)
            for number in rng.permutation(len(chunks)):
                values = opened["values"][chunks[number]]
                order = rng.permutation(len(values))
                yield from (values[order[rows]] for rows in pieces(len(values), size))


def rivals(folder: Path, shape: tuple[int, ...]) -> list[Side]:
    """Give those that are installed; the memmap first."""
    kinds: list[Any] = [Memmap, Shards, *([Hdf5] if HAS_H5PY else [])]
    return [kind(folder, shape) for kind in kinds]


def pieces(count: int, size: int) -> list[slice]:
    """Cut ``count`` rows into slices of ``size``; the last may be shorter."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
