"""Where images are in the arrays: what is missing, which rows, which failures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from store.errors import StoreError
from store.sealed import TOTALS
from store.segments import OK
from store.snapshot import Snapshot, asking

_SAMPLE_ID = re.compile(r"[0-9a-f]{32}")
_HEX_DIGITS = re.compile(r"[0-9a-f]*")

# A row is in an array if a segment that covers the row has that array.
_HOLD = """
    CREATE TEMP VIEW held_rows AS
    SELECT placed.sample_id, placed.row, placed.status, placed.reason, holdings.key
    FROM placed JOIN holdings
      ON holdings.block = placed.row // {block_rows}
     AND placed.row >= holdings.first_row AND placed.row < holdings.stop_row
"""

_HELD = "CREATE TEMP VIEW held AS SELECT sample_id FROM held_rows WHERE status = 'ok'"

_WANT = """
    CREATE TEMP TABLE wanted AS
    SELECT sample_id::UUID AS sample_id, position FROM asked
"""

_MISSING = """
    WITH distinct_wanted AS (
        SELECT sample_id, min(position) AS position FROM wanted GROUP BY sample_id
    ), present AS (
        SELECT DISTINCT sample_id, key
        FROM distinct_wanted JOIN held_rows USING (sample_id)
    ), absent AS (
        SELECT wanted.sample_id, any_value(wanted.position) AS position,
               list(keys.key ORDER BY keys.position) AS keys
        FROM distinct_wanted AS wanted CROSS JOIN keys
        ANTI JOIN present ON present.sample_id = wanted.sample_id AND present.key = keys.key
        GROUP BY wanted.sample_id
    )
    SELECT keys, list(position ORDER BY position) AS positions
    FROM absent GROUP BY keys ORDER BY min(position)
"""

_ROWS = """
    SELECT position, min(row) AS row FROM wanted JOIN held_rows USING (sample_id)
    WHERE status = 'ok' GROUP BY position
"""

_FAILURES = """
    SELECT min(position) AS position, arg_min(status, row) AS status,
           arg_min(coalesce(reason, ''), row) AS reason
    FROM wanted JOIN placed USING (sample_id)
    WHERE status <> $ok
    GROUP BY sample_id ORDER BY min(position)
"""


@dataclass(frozen=True)
class Plan:
    """What of some images and arrays is there, and what is left to compute.

    Attributes:
        images: How many different images were asked for.
        present: How many of them have every array, or failed; nothing is computed for these.
        missing: Tuples of missing keys to the ids that miss exactly those, in the given order.
    """

    images: int
    present: int
    missing: Mapping[tuple[str, ...], list[str]]


@dataclass(frozen=True)
class Planner:
    """Plans against what was committed at one moment, so that it takes no longer the more is committed since.

    Attributes:
        snapshot: What was committed.
    """

    snapshot: Snapshot

    @property
    def blocks(self) -> frozenset[int]:
        """The numbers of the blocks that it knows."""
        return frozenset(segment.block for segment in self.snapshot.segments)

    def plan(self, sample_ids: Sequence[str], keys: Sequence[str]) -> Plan:
        """Tell what was there of some images and arrays; see ``make_plan``."""
        return make_plan(self.snapshot, sample_ids, keys)


def make_plan(snapshot: Snapshot, sample_ids: Sequence[str], keys: Sequence[str]) -> Plan:
    """Tell what is left to compute; a sample that failed counts as present."""
    keys = list(dict.fromkeys(keys))
    with asking(snapshot) as connection:
        _want(connection, sample_ids)
        hold(connection, snapshot, keys)
        connection.register("keys", pa.table({"key": keys, "position": np.arange(len(keys))}))
        found = connection.execute(_MISSING).fetchall()
    images = len(set(sample_ids))
    missing = {tuple(group): [sample_ids[i] for i in positions] for group, positions in found}
    return Plan(images, images - sum(len(ids) for ids in missing.values()), missing)


def find_rows(snapshot: Snapshot, key: str, sample_ids: Sequence[str]) -> np.ndarray:
    """Find the rows of samples in one array.

    Returns:
        (N,) int64, the first row with status "ok"; -1 where there is none.
    """
    rows = np.full(len(sample_ids), -1, np.int64)
    with asking(snapshot) as connection:
        _want(connection, sample_ids)
        hold(connection, snapshot, [key])
        found = connection.execute(_ROWS).fetchnumpy()
    rows[found["position"]] = found["row"]
    return rows


def find_failures(snapshot: Snapshot, sample_ids: Sequence[str]) -> list[dict[str, Any]]:
    """List the first failure of every sample id that has one, in the order of ``sample_ids``."""
    with asking(snapshot) as connection:
        _want(connection, sample_ids)
        found = connection.execute(_FAILURES, {"ok": OK}).fetchall()
    return [
        {"sample_id": sample_ids[position], "status": status, "reason": reason}
        for position, status, reason in found
    ]


def count_images(snapshot: Snapshot) -> tuple[int, int]:
    """Count the different images that have a row, and those of them that failed anywhere."""
    if snapshot.sealed and not snapshot.later_segments():
        return snapshot.sealed.images, snapshot.sealed.failed
    with asking(snapshot) as connection:
        images, failed = connection.execute(TOTALS.format(placed="placed")).fetchall()[0]
    return images, failed


def hold(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, keys: Sequence[str]) -> None:
    """Define the views ``held_rows`` (rows of some arrays) and ``held`` (images with values there)."""
    wanted = [(s, key) for s in snapshot.segments for key in keys if key in s.arrays]
    holdings = {
        "key": pa.array([key for _, key in wanted], pa.string()),
        "block": pa.array([segment.block for segment, _ in wanted], pa.int64()),
        "first_row": pa.array([segment.first_row for segment, _ in wanted], pa.int64()),
        "stop_row": pa.array([segment.stop_row for segment, _ in wanted], pa.int64()),
    }
    connection.register("holdings", pa.table(holdings))
    connection.execute(_HOLD.format(block_rows=snapshot.block_rows))
    connection.execute(_HELD)


def ids_column(sample_ids: Sequence[str]) -> pa.Array:
    """Give sample ids as a column for DuckDB.

    Raises:
        StoreError: One of them is no sample id.
    """
    if not (set(map(len, sample_ids)) <= {32} and _HEX_DIGITS.fullmatch("".join(sample_ids))):
        strange = next(name for name in sample_ids if not _SAMPLE_ID.fullmatch(name))
        raise StoreError(f"{strange!r} is not a sample id of 32 hex digits.")
    return pa.array(sample_ids, pa.string())


def _want(connection: duckdb.DuckDBPyConnection, sample_ids: Sequence[str]) -> None:
    ids = ids_column(sample_ids)
    connection.register("asked", pa.table({"sample_id": ids, "position": np.arange(len(ids))}))
    connection.execute(_WANT)
