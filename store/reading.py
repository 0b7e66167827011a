"""Reading rows of an array: each chunk once, every checksum checked, nothing missing unnoticed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from zarr.abc.store import ByteGetter
from zarr.buffer import default_buffer_prototype
from zarr.buffer.cpu import NDBuffer
from zarr.core.sync import sync

from store.activations import Array, shard_file, shard_rows
from store.errors import StoreError

SCRATCH_BYTES = 16 * 2**20
"""Most bytes of decoded chunks that a read holds besides what it returns; one chunk at least."""

DECODING_ERRORS = (OSError, RuntimeError, ValueError)

# By default glibc gives the memory of a decoded chunk back to the system, which has to clear it
# for the next chunk: reading takes up to six times as long. Once a block of this size was freed,
# it keeps what is smaller (up to 62 MiB) for the next request.
_block = np.empty(31 * 2**20, np.uint8)
del _block


class _Wanted(NamedTuple):
    """A chunk, and the places of the rows that are wanted of it in the sorted request."""

    chunk: int
    start: int
    stop: int


def read_rows(
    folder: Path, key: str, array: Array, shard_bytes: Mapping[int, int], rows: np.ndarray
) -> np.ndarray:
    """Read rows of an array in any order; fastest where they ascend.

    Chunks that are wanted whole are decoded where they are returned. Of others, the wanted rows
    are copied from a scratch of ``SCRATCH_BYTES``.

    Args:
        folder: The store.
        key: The array's key.
        array: The array.
        shard_bytes: Size of every committed shard; 0 for one without a file, all fill value.
        rows: (N,) int64 row numbers of committed blocks, in any order, repeated or not.

    Returns:
        (N, *shape) values in the order of ``rows``.

    Raises:
        StoreError: A shard is missing or damaged; the message names its file.
    """
    chunks = _Chunks(folder, key, array)
    ascending = bool(np.all(rows[1:] > rows[:-1]))
    order = None if ascending else np.argsort(rows, kind="stable")
    rows = rows if order is None else rows[order]
    wanted = _cut(rows, chunks.rows)
    chunks.require_files(wanted, shard_bytes)
    out = np.empty((len(rows), *array.shape[1:]), array.dtype)
    whole, partial = _whole_and_partial(wanted, chunks.rows if ascending else 0)
    chunks.decode([one.chunk for one in whole], [one.start for one in whole], out)
    for one, values in chunks.one_by_one(partial):
        places = slice(one.start, one.stop)
        within = rows[places] - one.chunk * chunks.rows
        out[places if order is None else order[places]] = np.take(values, within, axis=0)
    return out


def _cut(rows: np.ndarray, chunk_rows: int) -> list[_Wanted]:
    """Cut sorted rows where the next chunk begins."""
    chunk_of = rows // chunk_rows
    edges = np.flatnonzero(np.diff(chunk_of, prepend=-1, append=-1))
    pieces = zip(
        chunk_of[edges[:-1]].tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True
    )
    return [_Wanted(*piece) for piece in pieces]


def _whole_and_partial(
    wanted: Sequence[_Wanted], chunk_rows: int
) -> tuple[list[_Wanted], list[_Wanted]]:
    whole = [one for one in wanted if one.stop - one.start == chunk_rows]
    return whole, [one for one in wanted if one.stop - one.start != chunk_rows]


class _Chunks:
    """The chunks of one array, decoded many at a time."""

    def __init__(self, folder: Path, key: str, array: Array) -> None:
        self.rows = int(array.chunks[0])
        self._a_shard = shard_rows(array) // self.rows
        self._folder, self._key, self._array = folder, key, array

    def require_files(self, wanted: Sequence[_Wanted], shard_bytes: Mapping[int, int]) -> None:
        """Refuse a shard of another size: Zarr reads a missing one as fill values, silently."""
        for shard in sorted({one.chunk // self._a_shard for one in wanted}):
            file = self._file(shard)
            found_bytes = file.stat().st_size if file.exists() else 0
            if found_bytes != shard_bytes[shard]:
                raise _damaged(file, f"it has {found_bytes} of {shard_bytes[shard]} bytes")

    def one_by_one(self, wanted: Sequence[_Wanted]) -> Iterator[tuple[_Wanted, np.ndarray]]:
        """Give each chunk (rows, *shape); its memory is used again."""
        if not wanted:
            return
        shape, dtype = (self.rows, *self._array.shape[1:]), self._array.dtype
        at_once = max(1, min(len(wanted), SCRATCH_BYTES // (prod(shape) * dtype.itemsize)))
        scratch = np.empty((at_once * self.rows, *shape[1:]), dtype)
        for first in range(0, len(wanted), at_once):
            group = wanted[first : first + at_once]
            starts = range(0, len(group) * self.rows, self.rows)
            self.decode([one.chunk for one in group], starts, scratch)
            for one, start in zip(group, starts, strict=True):
                yield one, scratch[start : start + self.rows]

    def decode(self, chunks: Sequence[int], starts: Sequence[int], out: np.ndarray) -> None:
        """Decode chunks, each from a row of ``out`` on.

        Whole chunks are read even for one row: for less than a chunk, zarrs skips the checksum.
        """
        jobs = list(zip(chunks, starts, strict=True))
        try:
            self._decode(jobs, out)
        except DECODING_ERRORS as error:
            raise self._find_damage(jobs, out, error) from error

    def _decode(self, jobs: Sequence[tuple[int, int]], out: np.ndarray) -> None:
        """Ask the codec pipeline for all chunks in one call: it spreads them over the cores.

        An array's own selections ask for runs of rows, and wait for one run after the other.
        """
        array: Any = self._array.async_array
        spec = array.metadata.get_chunk_spec((), array.config, default_buffer_prototype())
        batch = []
        for chunk, start in jobs:
            first = chunk % self._a_shard * self.rows
            source, target = self._selection(first), self._selection(start)
            batch.append((self._getter(chunk // self._a_shard), spec, source, target, False))
        if batch:
            sync(array.codec_pipeline.read(batch, NDBuffer.from_numpy_array(out)))

    def _selection(self, first: int) -> tuple[slice, ...]:
        rest = (slice(0, length) for length in self._array.shape[1:])
        return slice(first, first + self.rows), *rest

    def _getter(self, shard: int) -> ByteGetter:
        array: Any = self._array.async_array
        coordinates = (shard, *[0] * (self._array.ndim - 1))
        getter: ByteGetter = array.store_path / array.metadata.encode_chunk_key(coordinates)
        return getter

    def _find_damage(
        self, jobs: Sequence[tuple[int, int]], out: np.ndarray, error: Exception
    ) -> StoreError:
        """Name the file, which the pipeline's errors do not: decode one shard after the other."""
        for shard, group in groupby(jobs, lambda job: job[0] // self._a_shard):
            try:
                self._decode(list(group), out)
            except DECODING_ERRORS as found:
                return _damaged(self._file(shard), found)
        return _damaged(self._file(0).parent, error)

    def _file(self, shard: int) -> Path:
        return shard_file(self._folder, self._key, self._array, shard)


def _damaged(file: Path, why: object) -> StoreError:
    return StoreError(f"{file} is damaged ({why}): run `mint store repair`.")
