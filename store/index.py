"""Questions to the index: DuckDB over the Parquet segments, in memory, nothing kept open."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from store.errors import StoreError
from store.segments import OK, Segment

_MISSING = """
    WITH asked AS (
        SELECT sample_id, min(position) AS position FROM wanted GROUP BY sample_id
    ), present AS (
        SELECT DISTINCT asked.sample_id, holdings.key
        FROM asked
        JOIN read_parquet($files) AS segment USING (sample_id)
        JOIN holdings ON holdings.block = segment.row // $block_rows
    ), absent AS (
        SELECT asked.sample_id, any_value(asked.position) AS position,
               list(keys.key ORDER BY keys.position) AS keys
        FROM asked CROSS JOIN keys
        ANTI JOIN present ON present.sample_id = asked.sample_id AND present.key = keys.key
        GROUP BY asked.sample_id
    )
    SELECT keys, list(sample_id ORDER BY position) AS sample_ids
    FROM absent GROUP BY keys ORDER BY min(position)
"""

_ROWS = """
    SELECT position, min(segment.row) AS row
    FROM wanted JOIN read_parquet($files) AS segment USING (sample_id)
    WHERE segment.status = $ok
    GROUP BY position
"""

_FAILURES = """
    SELECT sample_id, arg_min(segment.status, segment.row) AS status,
           arg_min(coalesce(segment.reason, ''), segment.row) AS reason
    FROM wanted JOIN read_parquet($files) AS segment USING (sample_id)
    WHERE segment.status <> $ok
    GROUP BY sample_id ORDER BY min(position)
"""

_COUNTS = """
    SELECT count(*) AS images, count(*) FILTER (failed) AS failed
    FROM (
        SELECT bool_or(status <> $ok) AS failed
        FROM read_parquet($files) GROUP BY sample_id::UUID  -- 16 bytes each, not 32
    )
"""


def find_missing(
    segments: Sequence[Segment], block_rows: int, sample_ids: Sequence[str], keys: Sequence[str]
) -> dict[tuple[str, ...], list[str]]:
    """Group sample ids by which of the arrays they have no row in.

    Args:
        segments: All segments of the store.
        block_rows: Rows a block.
        sample_ids: The ids, duplicates allowed.
        keys: The keys of the arrays.

    Returns:
        Tuples of missing keys, in the order of ``keys``, to ids, in the order of ``sample_ids``.
    """
    keys = list(dict.fromkeys(keys))
    segments = [segment for segment in segments if segment.holds(keys)]
    if not segments:
        everything = list(dict.fromkeys(sample_ids))
        return {tuple(keys): everything} if keys and everything else {}
    held = [(s.block, spec.key) for s in segments for spec in s.specs if spec.key in keys]
    with _duckdb(
        wanted=_positions("sample_id", sample_ids), keys=_positions("key", keys)
    ) as connection:
        connection.register(
            "holdings",
            pa.table({"block": [block for block, _ in held], "key": [key for _, key in held]}),
        )
        found = connection.sql(_MISSING, params=_files(segments) | {"block_rows": block_rows})
        return {tuple(missing): ids for missing, ids in found.fetchall()}


def find_rows(segments: Sequence[Segment], key: str, sample_ids: Sequence[str]) -> np.ndarray:
    """Find the rows of sample ids in one array.

    Returns:
        (N,) int64, the first row with status "ok"; -1 where there is none.
    """
    rows = np.full(len(sample_ids), -1, np.int64)
    segments = [segment for segment in segments if segment.holds([key])]
    if segments:
        with _duckdb(wanted=_positions("sample_id", sample_ids)) as connection:
            found = connection.sql(_ROWS, params=_files(segments) | {"ok": OK}).fetchnumpy()
        rows[found["position"]] = found["row"]
    return rows


def find_failures(segments: Sequence[Segment], sample_ids: Sequence[str]) -> list[dict[str, Any]]:
    """List the first failure of every sample id that has one, in the order of ``sample_ids``."""
    if not segments:
        return []
    with _duckdb(wanted=_positions("sample_id", sample_ids)) as connection:
        found = connection.sql(_FAILURES, params=_files(segments) | {"ok": OK}).fetchall()
    return [dict(zip(("sample_id", "status", "reason"), row, strict=True)) for row in found]


def count_images(segments: Sequence[Segment]) -> tuple[int, int]:
    """Count the different sample ids, and those of them that failed anywhere."""
    if not segments:
        return 0, 0
    with _duckdb() as connection:
        counts = connection.sql(_COUNTS, params=_files(segments) | {"ok": OK}).fetchall()
    return counts[0][0], counts[0][1]


@contextmanager
def _duckdb(**tables: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        try:
            yield connection
        except duckdb.Error as error:
            raise StoreError(f"The index cannot be read: {error}") from error


def _positions(name: str, values: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()), "position": np.arange(len(values))})


def _files(segments: Sequence[Segment]) -> dict[str, Any]:
    return {"files": [str(segment.file) for segment in segments]}
