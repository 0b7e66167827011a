"""The segments of one block, with their rows: every byte read, and what they say checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from store.database import open_database
from store.digests import read_fields
from store.errors import StoreError
from store.sealed import Sealed, attach
from store.segments import (
    OK,
    SEGMENT_FORMAT,
    SEGMENT_SCHEMA,
    Segment,
    block_of,
    check_segment,
    damaged_segment,
    read_segment,
    segment_files,
    segment_name,
)

_SEALED_ROWS = """
    SELECT DISTINCT row, replace(sample_id::VARCHAR, '-', '') AS sample_id, status, reason
    FROM {database}.placed WHERE row >= $first AND row < $stop ORDER BY row
"""


class OtherFormatError(StoreError):
    """A segment is whole, but another version of the program has written it."""


@dataclass(frozen=True)
class Source:
    """A segment with its rows.

    Args:
        segment: The segment.
        rows: Its rows, in ``SEGMENT_SCHEMA``.
    """

    segment: Segment
    rows: pa.Table

    def ok(self, start: int, stop: int) -> np.ndarray:
        """Give the numbers of the rows with values from ``start`` up to ``stop``, (N,) int64."""
        first = self.segment.first_row
        begin, end = max(start - first, 0), max(min(stop - first, self.segment.rows), 0)
        statuses = self.rows["status"].slice(begin, max(end - begin, 0)).cast(pa.string())
        return first + begin + np.flatnonzero(pc.equal(statuses, OK).to_numpy())


def block_files(folder: Path) -> dict[int, list[Path]]:
    """Find the segments of a store by their block."""
    by_block = groupby(segment_files(folder), block_of)
    return {block: list(files) for block, files in by_block}


def read_source(file: Path, block_rows: int) -> Source:
    """Read a segment, and check every byte and all that it says.

    Args:
        file: The segment.
        block_rows: Rows a block.

    Raises:
        StoreError: The segment is damaged or says what cannot be.
        OtherFormatError: It was written by another version of the program.
    """
    check_segment(file)
    try:
        segment = read_segment(file)
    except StoreError as error:
        if _format(file) != SEGMENT_FORMAT:
            raise OtherFormatError(str(error)) from error
        raise
    try:
        source = Source(segment, as_rows(pq.read_table(file, partitioning=None)))
        _check(source, block_rows)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise damaged_segment(file, error) from error
    return source


def restore_source(sealed: Sealed, name: str, block_rows: int) -> Source | None:
    """Get a segment back from the sealed index; None where that does not have it.

    Raises:
        StoreError: The sealed index cannot be read, or what it has cannot be.
    """
    segment = next((segment for segment in sealed.segments if segment.name == name), None)
    if segment is None:
        return None
    try:
        with open_database() as connection:
            sql = _SEALED_ROWS.format(database=attach(connection, sealed.file))
            span = {"first": segment.first_row, "stop": segment.stop_row}
            source = Source(segment, as_rows(connection.sql(sql, params=span).to_arrow_table()))
        _check(source, block_rows)
    except (duckdb.Error, ValueError, pa.ArrowException) as error:
        raise StoreError(f"{name} cannot be made again from {sealed.file} ({error}).") from error
    return source


def overlapping(sources: Iterable[Source]) -> Mapping[str, str]:
    """Find the segments with rows that a segment before them has: name of the one to the other."""
    found = {}
    furthest: Segment | None = None
    for segment in sorted((s.segment for s in sources), key=lambda s: (s.first_row, s.name)):
        if furthest is not None and segment.first_row < furthest.stop_row:
            found[segment.name] = furthest.name
        if furthest is None or segment.stop_row > furthest.stop_row:
            furthest = segment
    return found


def as_rows(table: pa.Table) -> pa.Table:
    """Give rows as a writer does, so that the same rows give the same file."""
    statuses = table["status"].cast(pa.string()).combine_chunks()
    status = pa.chunked_array(statuses.dictionary_encode())
    columns = [status if field.name == "status" else table[field.name] for field in SEGMENT_SCHEMA]
    return pa.table(columns, schema=SEGMENT_SCHEMA).combine_chunks()


def _format(file: Path) -> int:
    try:
        return int(read_fields(file)[0]["format"])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return SEGMENT_FORMAT


def _check(source: Source, block_rows: int) -> None:
    segment, rows = source.segment, source.rows
    first = segment.block * block_rows
    if not first <= segment.first_row < segment.stop_row <= first + block_rows:
        raise ValueError(
            f"rows {segment.first_row} to {segment.stop_row} do not lie in block {segment.block}"
        )
    if segment.name != segment_name(segment.block, segment.first_row - first):
        raise ValueError(f"its name does not say that row {segment.first_row} is its first")
    if not np.array_equal(rows["row"], np.arange(segment.first_row, segment.stop_row)):
        raise ValueError(f"its rows are not {segment.first_row} to {segment.stop_row}")
    if pc.count_distinct(rows["sample_id"]).as_py() != segment.rows:
        raise ValueError("a sample id occurs twice in it")
