"""The samples table of a dataset artefact, ``samples.parquet``: one row an image, in file order."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import StoreError

SPECTRUM_BYTES = 128

SAMPLES_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("membership", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("identity", pa.string()),
        pa.field("split", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("perceptual", pa.uint64()),
    ]
)

# What images look like takes more room than all that is known of them: it is read by name only.
LOOKS_SCHEMA = SAMPLES_SCHEMA.append(pa.field("spectrum", pa.binary(SPECTRUM_BYTES)))

# Tables of earlier versions lack these columns.
_ADDED = pa.schema(
    [LOOKS_SCHEMA.field(name) for name in ("width", "height", "perceptual", "spectrum")]
).empty_table()

ROW_GROUP_ROWS = 65_536

Sample = Mapping[str, str | int | bytes | None]

_ALL = """
    (SELECT * FROM read_parquet($file, file_row_number = true)
     UNION ALL BY NAME SELECT * FROM added)
"""

_DISTINCT = f"""
    SELECT * FROM {_ALL}
    QUALIFY row_number() OVER (PARTITION BY sample_id ORDER BY file_row_number) = 1
"""  # noqa: S608 - only names of this module go in, values are bound

_SELECT = f"""
    SELECT {{columns}} FROM ({_DISTINCT})
    WHERE ($membership IS NULL OR membership = $membership)
      AND ($status IS NULL OR status = $status)
      AND ($everything OR sample_id IN (SELECT sample_id FROM wanted))
    ORDER BY file_row_number LIMIT $limit OFFSET $offset
"""  # noqa: S608 - only names of this module go in, values are bound

_SHARED = f"""
    SELECT a.sample_id, a.uri AS uri_a, a.membership AS membership_a,
           b.uri AS uri_b, b.membership AS membership_b
    FROM ({_DISTINCT}) AS a
    JOIN ({_DISTINCT.replace("$file", "$other")}) AS b USING (sample_id)
    WHERE a.status = 'ok'
    ORDER BY a.file_row_number LIMIT $limit
"""  # noqa: S608 - as above

_REPEATED = f"""
    SELECT a.sample_id, a.uri AS uri_a, a.membership AS membership_a,
           b.uri AS uri_b, b.membership AS membership_b
    FROM ({_DISTINCT}) AS a JOIN {_ALL} AS b USING (sample_id)
    WHERE a.status = 'ok' AND b.file_row_number > a.file_row_number
    ORDER BY b.file_row_number LIMIT $limit
"""  # noqa: S608 - as above

_TOTALS = """
    SELECT count(*) AS total, count(DISTINCT label) AS labels,
           count(DISTINCT identity) AS identities,
           count(*) - count(DISTINCT sample_id) AS duplicates
    FROM read_parquet($file)
"""

_SIZES = f"""
    SELECT min(width) AS least_width, max(width) AS most_width, min(height) AS least_height,
           max(height) AS most_height, count(DISTINCT (width, height)) FILTER (WHERE width IS NOT NULL) AS sizes
    FROM {_ALL}
"""  # noqa: S608 - as above

_BY_GROUP = """
    SELECT membership, status, count(*) FROM read_parquet($file) GROUP BY ALL ORDER BY ALL
"""


class SamplesWriter:
    """Streams a samples table to disk, with the memory of one row group.

    Args:
        file: The Parquet file, usually in a staging folder.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._waiting: list[Sample] = []

    def __enter__(self) -> "SamplesWriter":
        self._parquet = pq.ParquetWriter(self._file, LOOKS_SCHEMA, compression="zstd")
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        with self._parquet:
            if failure is None:
                self._flush()
        if failure is not None:
            self._file.unlink()

    def append(self, samples: Sequence[Sample]) -> None:
        """Add rows; each maps the columns of ``LOOKS_SCHEMA``, absent ones are null.

        Raises:
            StoreError: A row has an unknown column, or lacks one that it needs.
        """
        for sample in samples:
            _check(sample)
        self._waiting.extend(samples)
        if len(self._waiting) >= ROW_GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._parquet.write_table(pa.Table.from_pylist(self._waiting, LOOKS_SCHEMA))
            self._waiting = []


def count_samples(file: Path) -> dict[str, Any]:
    """Count a samples table.

    Returns:
        ``total``, ``membership`` and ``status`` (value to count), ``labels`` and ``identities``
        (how many different ones), ``duplicates`` (images with a sample_id seen before).

    Raises:
        StoreError: The file is absent or damaged.
    """
    with samples_database(file) as connection:
        totals = connection.sql(_TOTALS, params={"file": str(file)}).to_arrow_table()
        groups = connection.sql(_BY_GROUP, params={"file": str(file)}).fetchall()
    counts: dict[str, dict[str, int]] = {"membership": {}, "status": {}}
    for membership, status, count in groups:
        for column, value in (("membership", membership), ("status", status)):
            counts[column][value] = counts[column].get(value, 0) + count
    return {**totals.to_pylist()[0], **counts}


def select_samples(
    file: Path,
    *,
    membership: str | None = None,
    status: str | None = "ok",
    sample_ids: Sequence[str] | None = None,
    limit: int | None = None,
    offset: int = 0,
    schema: pa.Schema = SAMPLES_SCHEMA,
) -> pa.Table:
    """Read samples in file order, each sample_id once.

    Of several rows with one sample_id only the first counts, whatever is asked for: an image that
    is listed as a member first is never also given as external.

    Args:
        file: The samples table.
        membership: Only these; None for all.
        status: Only these; None for all.
        sample_ids: Only these; None for all.
        limit: At most so many; None for all.
        offset: How many to leave out first.
        schema: ``SAMPLES_SCHEMA``, or ``LOOKS_SCHEMA`` to read what the images look like as well.

    Returns:
        The rows, in that schema; what a table of an earlier version lacks is null.

    Raises:
        StoreError: The file is absent or damaged.
    """
    values = {"membership": membership, "status": status, "limit": limit, "offset": offset}
    with samples_database(file) as connection:
        wanted = pa.table({"sample_id": pa.array(sample_ids or [], pa.string())})
        connection.register("wanted", wanted)
        values |= {"file": str(file), "everything": sample_ids is None}
        query = _SELECT.format(columns=", ".join(schema.names))
        return connection.sql(query, params=values).to_arrow_table().cast(schema)


def image_sizes(file: Path) -> dict[str, int | None]:
    """Tell the sizes of the images of a samples table, in pixels.

    Returns:
        ``least_width``, ``most_width``, ``least_height``, ``most_height``, None where no image's size is known, and
        ``sizes``, how many different ones there are.

    Raises:
        StoreError: The file is absent or damaged.
    """
    with samples_database(file) as connection:
        found = connection.sql(_SIZES, params={"file": str(file)}).to_arrow_table()
    return dict(found.to_pylist()[0])


def shared_samples(file_a: Path, file_b: Path, limit: int | None) -> pa.Table:
    """Find the images that are in both tables, in the order of the first.

    Returns:
        ``sample_id``, ``uri_a``, ``membership_a``, ``uri_b``, ``membership_b``; at most
        ``limit`` rows. An image that cannot be read is in neither.

    Raises:
        StoreError: A file is absent or damaged.
    """
    values = {"file": str(file_a), "other": str(file_b), "limit": limit}
    with samples_database(file_a, file_b) as connection:
        return connection.sql(_SHARED, params=values).to_arrow_table()


def repeated_samples(file: Path, limit: int | None) -> pa.Table:
    """Find the images that a table lists again (b), beside where they are listed first (a).

    Returns:
        As ``shared_samples``.

    Raises:
        StoreError: The file is absent or damaged.
    """
    values = {"file": str(file), "limit": limit}
    with samples_database(file) as connection:
        return connection.sql(_REPEATED, params=values).to_arrow_table()


def _check(sample: Sample) -> None:
    if unknown := sample.keys() - set(LOOKS_SCHEMA.names):
        raise StoreError(f"A sample has the unknown column {min(unknown)!r}: leave it out.")
    for field in LOOKS_SCHEMA:
        if not field.nullable and sample.get(field.name) is None:
            raise StoreError(f"The sample {dict(sample)} has no {field.name}: give it one.")


@contextmanager
def samples_database(*files: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB in memory for questions about samples tables, with ``added`` for what earlier versions lack.

    Raises:
        StoreError: What is asked inside meets a file that is absent or damaged.
    """
    with _in_memory().cursor() as connection:
        connection.register("added", _ADDED)
        try:
            yield connection
        except duckdb.Error as error:
            names = " or ".join(str(file) for file in files)
            raise StoreError(
                f"{names} is not a readable samples table ({error}): register the dataset again."
            ) from error


@cache
def _in_memory() -> duckdb.DuckDBPyConnection:
    """Open the DuckDB of all questions: to open one takes 12 ms, and a cursor of it sees nothing of the others."""
    return duckdb.connect()
