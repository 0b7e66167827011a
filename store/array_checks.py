"""Checks of arrays: their metadata, and the shards of one block."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from store.activations import (
    Array,
    check_metadata,
    metadata_file,
    open_array,
    shard_path,
    shard_rows,
)
from store.bfloat16 import from_bits
from store.blocks import Source
from store.digests import digest_of
from store.errors import StoreError, UnreachableError
from store.metadata import is_group, make_again
from store.problems import Problem
from store.reading import read_rows
from store.segments import StoredArray
from store.shelf import Shelf

WINDOW_BYTES = 24 * 2**20
"""Decoded values that are in memory at a time; one chunk at least. They may be there twice."""

_Claim = tuple[str, str]


class Arrays:
    """The arrays of a store as its segments describe them, each opened and checked once.

    Args:
        folder: The store.
        expected_rows: How many images the store was made for.
    """

    def __init__(self, folder: Path, expected_rows: int) -> None:
        self._folder = folder
        self._expected_rows = expected_rows
        self._opened: dict[_Claim, Array | None] = {}
        self._problems: dict[_Claim, Problem] = {}

    def open(self, stored: StoredArray, block: int) -> Array | None:
        """Give the array that a segment of a block describes; None where that cannot be known."""
        claim = (stored.spec.key, stored.metadata_digest)
        if claim not in self._opened:
            self._opened[claim] = self._open(stored, block)
        return self._opened[claim]

    def keys(self) -> list[str]:
        """List the arrays that were asked for."""
        return sorted({key for key, _ in self._opened})

    def problems(self) -> list[Problem]:
        """Give what is wrong with the metadata of the arrays that were asked for."""
        return list(self._problems.values())

    def _open(self, stored: StoredArray, block: int) -> Array | None:
        key, digest = stored.spec.key, stored.metadata_digest
        file = metadata_file(self._folder, key)
        try:
            check_metadata(self._folder, key, digest)
            return open_array(self._folder, stored.spec)
        except (StoreError, OSError):
            content, array = make_again(stored.spec, self._expected_rows)
            known = digest_of(content) == digest
        outcome = "makes it again" if known else "drops the whole array, to be computed again"
        self._problems[key, digest] = Problem(
            str(file.relative_to(self._folder)),
            "metadata",
            f"{file} is missing or not what the segments say, so {key} cannot be read: "
            f"`mint store repair` {outcome}.",
            block=block,
            key=key,
        )
        return array if known else None


@dataclass(frozen=True)
class Checked:
    """What was checked and found.

    Args:
        problems: What is wrong.
        files: Files that were read.
        bytes: Their bytes.
    """

    problems: tuple[Problem, ...]
    files: int
    bytes: int


def check_groups(folder: Path, files: Iterable[Path]) -> Iterator[Problem]:
    """Check the ``zarr.json`` of groups."""
    for file in files:
        if not is_group(file):
            yield Problem(
                str(file.relative_to(folder)),
                "group",
                f"{file} is missing or damaged, so other programs cannot open the store: "
                "`mint store repair` writes it again.",
            )


def check_shards(
    shelf: Shelf, block_rows: int, arrays: Arrays, sources: Sequence[Source]
) -> Iterator[Checked]:
    """Check the shards of one block: their sizes, every checksum, and that good rows have values.

    Args:
        shelf: Where the store is.
        block_rows: Rows a block.
        arrays: Its arrays.
        sources: The segments of the block.

    Raises:
        UnreachableError: Object storage does not answer, so nothing can be said of what is there.
    """
    for key in sorted({key for source in sources for key in source.segment.arrays}):
        holders = [source for source in sources if key in source.segment.arrays]
        for array, alike in _by_array(arrays, key, holders):
            for number in _shards(array, alike):
                yield _Shard(shelf, key, array, number, block_rows).check(alike)


def _by_array(
    arrays: Arrays, key: str, holders: Sequence[Source]
) -> Iterable[tuple[Array, list[Source]]]:
    """Group segments by what they say of an array; without those whose array cannot be known."""
    found: dict[str, tuple[Array, list[Source]]] = {}
    for source in holders:
        stored = source.segment.arrays[key]
        array = arrays.open(stored, source.segment.block)
        if array is not None:
            found.setdefault(stored.metadata_digest, (array, []))[1].append(source)
    return found.values()


def _shards(array: Array, sources: Sequence[Source]) -> list[int]:
    rows = shard_rows(array)
    spans = [(s.segment.first_row // rows, (s.segment.stop_row - 1) // rows) for s in sources]
    return sorted({shard for first, last in spans for shard in range(first, last + 1)})


@dataclass(frozen=True)
class _Shard:
    """One shard of an array."""

    shelf: Shelf
    key: str
    array: Array
    number: int
    block_rows: int

    @property
    def path(self) -> str:
        return shard_path(self.key, self.array, self.number)

    def check(self, holders: Sequence[Source]) -> Checked:
        """Check the shard for those of the segments that have rows in it."""
        found_bytes = self.shelf.size(self.path)
        sources = [source for source in holders if self._span(source)]
        fitting = [source for source in sources if self._claimed(source) == found_bytes]
        problems = [
            self._damaged(source, f"it has {found_bytes} of {self._claimed(source)} bytes")
            for source in sources
            if source not in fitting
        ]
        if fitting:
            problems += self._check_values(fitting, found_bytes)
        return Checked(tuple(problems), int(found_bytes > 0), found_bytes)

    def _span(self, source: Source) -> range:
        """Give the rows of a segment that are in the shard."""
        first = self.number * shard_rows(self.array)
        stop = first + shard_rows(self.array)
        return range(max(source.segment.first_row, first), min(source.segment.stop_row, stop))

    def _claimed(self, source: Source) -> int:
        """Give the size that a segment says, 0 for no file."""
        first_shard = source.segment.block * self.block_rows // shard_rows(self.array)
        sizes = source.segment.arrays[self.key].shard_bytes
        place = self.number - first_shard
        return sizes[place] if place < len(sizes) else 0

    def _check_values(self, sources: Sequence[Source], found_bytes: int) -> list[Problem]:
        if not found_bytes:
            return self._empty(sources, None)
        stop = max(self._span(source).stop for source in sources)
        try:
            bare = self._bare_rows(stop, found_bytes)
        except UnreachableError:
            raise
        except StoreError as error:
            return [self._damaged(source, error.__cause__ or error) for source in sources]
        return self._empty(sources, bare)

    def _bare_rows(self, stop: int, found_bytes: int) -> np.ndarray:
        """Read all chunks with rows up to ``stop``; give the rows that hold nothing but NaN."""
        chunk_rows, sizes = int(self.array.chunks[0]), {self.number: found_bytes}
        row_bytes = prod(self.array.shape[1:]) * self.array.dtype.itemsize
        window_rows = max(1, WINDOW_BYTES // (chunk_rows * row_bytes)) * chunk_rows
        stop = -(-stop // chunk_rows) * chunk_rows
        bare = []
        for start in range(self.number * shard_rows(self.array), stop, window_rows):
            rows = np.arange(start, min(start + window_rows, stop))
            values = read_rows(self.shelf, self.key, self.array, sizes, rows)
            bare.append(rows[_all_nan(values.reshape(len(rows), -1))])
        return np.concatenate(bare)

    def _damaged(self, source: Source, why: object) -> Problem:
        span = self._span(source)
        return Problem(
            self.path,
            "shard",
            f"{self.shelf.place}/{self.path} is missing or damaged ({why}), so {len(span)} rows of "
            f"{self.key} are lost: `mint store repair` drops them, and the next extraction computes them again.",
            block=source.segment.block,
            key=self.key,
            rows=((span.start, span.stop),),
        )

    def _empty(self, sources: Sequence[Source], bare: np.ndarray | None) -> list[Problem]:
        """Name the good rows that have no values: those among ``bare``, or all of them."""
        problems = []
        for source in sources:
            span = self._span(source)
            good = source.ok(span.start, span.stop)
            rows = good if bare is None else np.intersect1d(good, bare)
            if len(rows):
                problems.append(self._without_values(source, rows))
        return problems

    def _without_values(self, source: Source, rows: np.ndarray) -> Problem:
        file = Path("index") / source.segment.name
        return Problem(
            str(file),
            "row",
            f"{self.shelf.place}/{file} names {len(rows)} rows, from row {rows[0]} on, that have no "
            f"values in {self.key}: `mint store repair` drops them, and the next extraction "
            "computes them again.",
            block=source.segment.block,
            key=self.key,
            rows=_runs(rows),
        )


def _all_nan(values: np.ndarray) -> np.ndarray:
    """Tell which rows of (N, D) stored values are NaN altogether, (N,) bool."""
    found = _is_nan(values[:, 0])
    candidates = np.flatnonzero(found)
    found[candidates] = _is_nan(values[candidates]).all(axis=1)
    return found


def _is_nan(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.isnan(from_bits(values) if values.dtype == np.uint16 else values)
    return found


def _runs(rows: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Give ascending row numbers as runs, (first, stop) each."""
    pieces = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return tuple((int(piece[0]), int(piece[-1]) + 1) for piece in pieces)
