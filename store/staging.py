"""A block on its way: shards that grow chunk by chunk where nobody reads, until they are published."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from store.activations import Array, shard_name
from store.durability import flush_file
from store.shards import THREADS, ChunkFormat, ShardWriter, chunk_format, encode_chunk

CHUNKS_AT_ONCE = 64
"""Chunks that are encoded before they are written: at most so many are in memory twice."""


class StagedArrays:
    """The shards of one block, one or more an array, filled from their first row on.

    At most one chunk an array is in memory, besides what is just being appended.

    Args:
        folder: An empty folder.
        arrays: The arrays, open.
    """

    def __init__(self, folder: Path, arrays: Mapping[str, Array]) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "store-write")
        self._staged = {
            key: _StagedArray(folder / key, array, self._threads) for key, array in arrays.items()
        }

    def append(self, values: Mapping[str, np.ndarray]) -> None:
        """Append rows to every array; (N, *shape) each, in the type on disk."""
        chunks = [
            (staged, chunk)
            for key, staged in self._staged.items()
            for chunk in staged.cut(values[key])
        ]
        for start in range(0, len(chunks), CHUNKS_AT_ONCE):
            self._write(chunks[start : start + CHUNKS_AT_ONCE])

    def finish(self) -> dict[str, tuple[int, ...]]:
        """Write what is left and flush everything to disk; give the sizes of the shards by key."""
        self._write([(staged, rest) for staged in self._staged.values() for rest in staged.rest()])
        return {key: staged.finish() for key, staged in self._staged.items()}

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    def _write(self, chunks: "list[tuple[_StagedArray, np.ndarray]]") -> None:
        encoded = self._threads.map(lambda one: encode_chunk(one[1], one[0].coding), chunks)
        for (staged, _), (content, checksum) in zip(chunks, encoded, strict=True):
            staged.write(content, checksum)


class _StagedArray:
    """The shards of one array. Rows wait until they fill a chunk, chunks until they fill a shard."""

    def __init__(self, folder: Path, array: Array, threads: ThreadPoolExecutor) -> None:
        folder.mkdir(parents=True)
        self.coding: ChunkFormat = chunk_format(array)
        self._folder, self._array, self._threads = folder, array, threads
        self._waiting: list[np.ndarray] = []
        self._open: ShardWriter | None = None
        self._sizes: list[int] = []
        self._flushes: list[Future[None]] = []

    def cut(self, values: np.ndarray) -> Iterator[np.ndarray]:
        """Give the chunks that are full with some more rows; keep the rest."""
        missing = self.coding.rows - sum(len(rows) for rows in self._waiting)
        while len(values) >= missing:
            self._waiting.append(values[:missing])
            yield self._taken()
            values, missing = values[missing:], self.coding.rows
        if len(values):
            self._waiting.append(values.copy())  # the caller may use its memory again

    def rest(self) -> Iterator[np.ndarray]:
        """Give the rows that fill no chunk."""
        if self._waiting:
            yield self._taken()

    def write(self, content: bytes, checksum: bytes) -> None:
        """Write the next chunk; a full shard is finished."""
        if self._open is None:
            file = self._folder / shard_name(self._array, len(self._sizes))
            self._open = ShardWriter(file, self.coding)
        self._open.write(content, checksum)
        if self._open.full:
            self._finish_shard()

    def finish(self) -> tuple[int, ...]:
        """Finish the last shard and wait for the disk; give the sizes of all shards."""
        if self._open is not None:
            self._finish_shard()
        for flush in self._flushes:
            flush.result()
        return tuple(self._sizes)

    def _finish_shard(self) -> None:
        if self._open is not None:
            self._sizes.append(self._open.finish())
            self._flushes.append(self._threads.submit(flush_file, self._open.file))
            self._open = None

    def _taken(self) -> np.ndarray:
        waiting, self._waiting = self._waiting, []
        return waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
