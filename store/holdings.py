"""Which arrays are there of the images of some datasets, counted without reading any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from store.index import hold
from store.snapshot import Snapshot, asking

# A row is in the arrays of its segment, so few different sets of arrays occur: each is a bit.
_COUNT = """
    SELECT held::VARCHAR AS held, count(*) AS images FROM (
        SELECT sample_id, coalesce(bit_or(ranges.held::BIT), $nothing::BIT) AS held
        FROM (SELECT DISTINCT sample_id::UUID AS sample_id FROM read_parquet($files) WHERE status = 'ok')
        LEFT JOIN placed USING (sample_id)
        LEFT JOIN ranges ON ranges.block = placed.row // {block_rows}
         AND placed.row >= ranges.first_row AND placed.row < ranges.stop_row
        GROUP BY sample_id
    ) GROUP BY ALL ORDER BY ALL
"""


_COUNT_FAILED = """
    SELECT count(DISTINCT sample_id) FROM held_rows
    WHERE status <> 'ok' AND sample_id IN (
        SELECT sample_id::UUID FROM read_parquet($files) WHERE status = 'ok'
    )
"""


@dataclass(frozen=True)
class Holding:
    """Images of which a store has the same arrays.

    Attributes:
        keys: The arrays; a failed image counts as there.
        images: How many images, each once.
    """

    keys: frozenset[str]
    images: int


def count_holdings(snapshot: Snapshot, files: Sequence[Path]) -> list[Holding]:
    """Count the readable images of some samples tables by the arrays that are there of them.

    Raises:
        StoreError: The index or a samples table cannot be read.
    """
    kept = sorted({tuple(sorted(segment.arrays)) for segment in snapshot.segments})
    bits = {keys: "".join("01"[keys == each] for each in kept) for keys in kept}
    ranges = {
        "block": pa.array([segment.block for segment in snapshot.segments], pa.int64()),
        "first_row": pa.array([segment.first_row for segment in snapshot.segments], pa.int64()),
        "stop_row": pa.array([segment.stop_row for segment in snapshot.segments], pa.int64()),
        "held": pa.array([bits[tuple(sorted(s.arrays))] for s in snapshot.segments], pa.string()),
    }
    values = {"files": [str(file) for file in files], "nothing": "0" * max(len(kept), 1)}
    with asking(snapshot) as connection:
        connection.register("ranges", pa.table(ranges))
        counted = connection.execute(
            _COUNT.format(block_rows=snapshot.block_rows), values
        ).fetchall()
    return [
        Holding(
            frozenset(
                key for bit, keys in zip(held, kept, strict=False) if bit == "1" for key in keys
            ),
            images,
        )
        for held, images in counted
    ]


def count_failed(snapshot: Snapshot, files: Sequence[Path], keys: Sequence[str]) -> int:
    """Count the readable images of some samples tables that failed in one of some arrays.

    Raises:
        StoreError: The index or a samples table cannot be read.
    """
    with asking(snapshot) as connection:
        hold(connection, snapshot, keys)
        values = {"files": [str(file) for file in files]}
        ((failed,),) = connection.execute(_COUNT_FAILED, values).fetchall()
    return int(failed)
