"""Samples tables a page at a time, as their file lists them: what is looked at, never what is computed with."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from store.samples import SAMPLES_SCHEMA, samples_database

_CHOSEN = """
    FROM read_parquet($file, file_row_number = true)
    WHERE ($membership IS NULL OR membership = $membership)
      AND ($status IS NULL OR status = $status)
      AND (NOT $of_label OR label IS NOT DISTINCT FROM $label)
"""
_COUNT = f"SELECT count(*) {_CHOSEN}"
_PLACES = f"""
    SELECT file_row_number {_CHOSEN} ORDER BY file_row_number LIMIT $limit OFFSET $offset
"""
_ROWS = """
    SELECT * FROM read_parquet($file, file_row_number = true)
    WHERE file_row_number BETWEEN $first AND $last AND list_contains($places, file_row_number)
    ORDER BY file_row_number
"""
_BY_LABEL = """
    SELECT label, count(*) FILTER (WHERE membership = 'member') AS member,
           count(*) FILTER (WHERE membership = 'external') AS external,
           count(*) FILTER (WHERE membership = 'unknown') AS unknown, count(*) AS images
    FROM read_parquet($file) GROUP BY label ORDER BY images DESC, label NULLS LAST LIMIT $limit
"""


@dataclass(frozen=True)
class Chosen:
    """Which rows of a samples table.

    Attributes:
        membership: Only these; None for all.
        status: Only these; None for all.
        of_label: Whether only those of one label.
        label: Which; None for those without one.
    """

    membership: str | None = None
    status: str | None = None
    of_label: bool = False
    label: str | None = None


def count_chosen(file: Path, chosen: Chosen) -> int:
    """Count rows of a samples table; one that repeats an earlier image counts as well.

    Raises:
        StoreError: The file is absent or damaged.
    """
    with samples_database(file) as database:
        ((count,),) = database.sql(_COUNT, params={"file": str(file), **asdict(chosen)}).fetchall()
        return int(count)


def page_of_samples(file: Path, chosen: Chosen, *, limit: int, offset: int) -> pa.Table:
    """Read some rows of a samples table in file order. The others are not read, only what they are chosen by.

    Args:
        file: The samples table.
        chosen: Which.
        limit: At most so many.
        offset: How many of those chosen to leave out first.

    Returns:
        The rows, in ``store.samples.SAMPLES_SCHEMA``.

    Raises:
        StoreError: The file is absent or damaged.
    """
    values: dict[str, Any] = {"file": str(file), "limit": limit, "offset": offset}
    with samples_database(file) as database:
        places = [
            place for (place,) in database.sql(_PLACES, params=values | asdict(chosen)).fetchall()
        ]
        if not places:
            return SAMPLES_SCHEMA.empty_table()
        wanted = {"file": str(file), "places": places, "first": places[0], "last": places[-1]}
        found = database.sql(_ROWS, params=wanted).to_arrow_table()
    there = [name for name in SAMPLES_SCHEMA.names if name in found.column_names]
    missing = {
        name: pa.nulls(len(found), SAMPLES_SCHEMA.field(name).type) for name in SAMPLES_SCHEMA.names
    }
    columns = missing | {name: found.column(name) for name in there}
    return pa.table(columns).cast(SAMPLES_SCHEMA)


def count_by_label(file: Path, *, limit: int) -> pa.Table:
    """Count the images of a samples table by label, the labels with the most images first.

    Returns:
        ``label``, ``member``, ``external``, ``unknown`` and ``images`` of at most ``limit`` labels; images without a
        label are one of them.

    Raises:
        StoreError: The file is absent or damaged.
    """
    with samples_database(file) as database:
        values = {"file": str(file), "limit": limit}
        return database.sql(_BY_LABEL, params=values).to_arrow_table()
