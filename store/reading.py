"""Reading rows of an array: each chunk once, every checksum checked, nothing missing unnoticed."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from store.activations import Array, shard_path
from store.errors import StoreError
from store.shard_sources import DamagedShardError
from store.shards import THREADS, ChunkFormat, Shard, chunk_format, open_shard, read_chunk
from store.shelf import Shelf

SCRATCH_BYTES = 16 * 2**20
"""Most bytes that a read holds besides what it returns: a chunk of at most 1 MiB a thread, encoded
and decoded, with room to spare. Larger chunks, of one row each, take more."""

CHUNKS_A_JOB = 8
"""What a thread reads of a shard at once. From object storage these come together: 32 MiB more that a read holds."""

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
    shelf: Shelf, key: str, array: Array, shard_bytes: Mapping[int, int], rows: np.ndarray
) -> np.ndarray:
    """Read rows of an array in any order; fastest where they ascend.

    Chunks that are wanted whole are read where they are returned. Of others, the wanted rows are
    copied.

    Args:
        shelf: Where the shards are.
        key: The array's key.
        array: The array.
        shard_bytes: Size of every committed shard.
        rows: (N,) int64 row numbers of committed blocks, in any order, repeated or not.

    Returns:
        (N, *shape) values in the order of ``rows``, in the type on disk.

    Raises:
        StoreError: A shard is missing or damaged; the message names its file.
    """
    order = None if np.all(rows[1:] > rows[:-1]) else np.argsort(rows, kind="stable")
    request = _Request(
        chunk_format(array),
        rows if order is None else rows[order],
        order,
        np.empty((len(rows), *array.shape[1:]), array.dtype),
    )

    def fill(wanted: Sequence[_Wanted]) -> None:
        coding = request.coding
        number = wanted[0].chunk // coding.chunks_a_shard
        shard = shard_path(key, array, number)
        try:
            with shelf.shard(shard) as source:
                chunks = [one.chunk % coding.chunks_a_shard for one in wanted]
                opened = open_shard(source, shard_bytes[number], coding, chunks)
                for one in wanted:
                    request.fill(opened, one)
        except (DamagedShardError, OSError) as error:
            raise StoreError(
                f"{shelf.place}/{shard} is damaged ({error}): run `mint store repair`."
            ) from error

    _run(fill, _jobs(_cut(request.rows, request.coding.rows), request.coding))
    return request.out


@dataclass(frozen=True)
class _Request:
    """Sorted rows (N,), the order that sorted them (None: they were), and where they go."""

    coding: ChunkFormat
    rows: np.ndarray
    order: np.ndarray | None
    out: np.ndarray

    def fill(self, shard: Shard, wanted: _Wanted) -> None:
        """Read the rows that are wanted of one chunk of a shard."""
        chunk = wanted.chunk % self.coding.chunks_a_shard
        places = slice(wanted.start, wanted.stop)
        if self.order is None and wanted.stop - wanted.start == self.coding.rows:
            read_chunk(shard, chunk, self.coding, self.out[places])
            return
        values = np.empty((self.coding.rows, *self.out.shape[1:]), self.out.dtype)
        read_chunk(shard, chunk, self.coding, values)
        within = self.rows[places] - wanted.chunk * self.coding.rows
        self.out[places if self.order is None else self.order[places]] = values[within]


def _cut(rows: np.ndarray, chunk_rows: int) -> list[_Wanted]:
    """Cut sorted rows where the next chunk begins."""
    chunk_of = rows // chunk_rows
    edges = np.flatnonzero(np.diff(chunk_of, prepend=-1, append=-1))
    pieces = zip(
        chunk_of[edges[:-1]].tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True
    )
    return [_Wanted(*piece) for piece in pieces]


def _jobs(wanted: Sequence[_Wanted], coding: ChunkFormat) -> list[list[_Wanted]]:
    """Gather the chunks of one shard, a few at a time: what a thread reads at once."""
    jobs = []
    for _, of_shard in groupby(wanted, lambda one: one.chunk // coding.chunks_a_shard):
        chunks = list(of_shard)
        starts = range(0, len(chunks), CHUNKS_A_JOB)
        jobs += [chunks[start : start + CHUNKS_A_JOB] for start in starts]
    return jobs


def _run(read: Callable[[Sequence[_Wanted]], None], jobs: Sequence[Sequence[_Wanted]]) -> None:
    if len(jobs) < 2:
        for job in jobs:
            read(job)
        return
    with ThreadPoolExecutor(min(THREADS, len(jobs)), "store-chunks") as threads:
        for _ in threads.map(read, jobs):
            pass
