"""The sealed index: one read-only DuckDB file with all rows sorted by image, and its pointer."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from store.digests import digest_file, digest_of
from store.durability import flush_file, put_in_place
from store.errors import StoreError
from store.listings import Listing
from store.segments import Segment, segment_from_json

POINTER = "index.current"

TOTALS = """
    SELECT count(*) AS images, count(*) FILTER (failed) AS failed
    FROM (SELECT bool_or(status <> 'ok') AS failed FROM {placed} GROUP BY sample_id)
"""

_NAME = re.compile(r"index-(\d+)\.duckdb")


@dataclass(frozen=True)
class Sealed:
    """What a sealed index says of itself.

    Attributes:
        file: The DuckDB file.
        segments: The segments whose rows it has.
        listings: The listings that it has.
        images: How many different images have a row.
        failed: How many of them failed.
    """

    file: Path
    segments: tuple[Segment, ...]
    listings: tuple[Listing, ...]
    images: int
    failed: int

    @property
    def database(self) -> str:
        """The name under which DuckDB attaches it."""
        return database_name(self.file)


def database_name(file: Path) -> str:
    """Name a sealed index as a database."""
    return file.stem.replace("-", "_")


def attach(connection: duckdb.DuckDBPyConnection, file: Path) -> str:
    """Attach a sealed index read-only, once for a whole database; give its name there.

    Not by ATTACH IF NOT EXISTS: in DuckDB 2.0 that sometimes never returns where another database
    of the process has the same file.
    """
    name = database_name(file)
    known = "SELECT 1 FROM duckdb_databases() WHERE database_name = $name"
    if not connection.execute(known, {"name": name}).fetchall():
        connection.execute(f"ATTACH $file AS {name} (READ_ONLY)", {"file": str(file)})
    return name


def sealed_files(folder: Path) -> dict[int, Path]:
    """Find the sealed indexes of a store by their number, current or not."""
    found = [(_NAME.fullmatch(file.name), file) for file in folder.iterdir()]
    return {int(match[1]): file for match, file in found if match}


def read_pointer(folder: Path) -> Mapping[str, Any] | None:
    """Read ``index.current``: ``file``, ``bytes`` and ``digest``; None where there is none.

    Raises:
        ValueError: It is damaged.
    """
    file = folder / POINTER
    if not file.exists():
        return None
    fields = json.loads(file.read_text())
    if not isinstance(fields, dict) or fields.pop("check", None) != _digest_fields(fields):
        raise ValueError("its digest does not fit")
    if set(fields) != {"file", "bytes", "digest"} or not _NAME.fullmatch(str(fields["file"])):
        raise ValueError("it does not name a sealed index")
    return fields


def current_index(folder: Path) -> Path | None:
    """Give the sealed index that readers use, None where they read the segments.

    A pointer that is damaged or whose file is gone counts as none: the segments say the same.
    """
    try:
        fields = read_pointer(folder)
        if fields is None:
            return None
        file = folder / fields["file"]
        return file if file.stat().st_size == fields["bytes"] else None
    except (OSError, ValueError):
        return None


def write_pointer(folder: Path, file: Path) -> None:
    """Make a sealed index the current one; the caller holds the store's lock."""
    pointer = folder / POINTER
    unfinished = pointer.with_suffix(".unfinished")
    fields = {"file": file.name, "bytes": file.stat().st_size, "digest": digest_file(file)}
    unfinished.write_text(json.dumps(fields | {"check": _digest_fields(fields)}) + "\n")
    put_in_place(unfinished, pointer)


def remove_pointer(folder: Path) -> None:
    """Let readers go back to the segments; the caller holds the store's lock."""
    with suppress(ValueError):
        if fields := read_pointer(folder):
            (folder / fields["file"]).touch()  # no number is used again, even if its file is gone
    (folder / POINTER).unlink(missing_ok=True)
    flush_file(folder)


def write_tables(
    connection: duckdb.DuckDBPyConnection,
    segments: tuple[Segment, ...],
    listings: tuple[Listing, ...],
) -> None:
    """Fill an empty database from the views ``placed`` and ``listed``."""
    connection.execute(
        "CREATE TABLE main.placed AS SELECT * FROM temp.placed ORDER BY sample_id, row"
    )
    connection.execute(
        "CREATE TABLE main.listed AS SELECT * FROM temp.listed ORDER BY sample_id, dataset"
    )
    connection.execute(f"CREATE TABLE totals AS {TOTALS.format(placed='main.placed')}")
    connection.execute("CREATE TABLE segments (name VARCHAR, rows BIGINT, fields VARCHAR)")
    for segment in segments:
        values = [segment.name, segment.rows, json.dumps(segment.to_json())]
        connection.execute("INSERT INTO segments VALUES (?, ?, ?)", values)
    connection.execute("CREATE TABLE listings (fields VARCHAR)")
    for listing in listings:
        connection.execute("INSERT INTO listings VALUES (?)", [json.dumps(asdict(listing))])


def read_sealed(database: duckdb.DuckDBPyConnection, file: Path) -> Sealed:
    """Attach a sealed index to a database, and read what it says of itself.

    Raises:
        StoreError: It is damaged.
    """
    try:
        name = attach(database, file)
        segments = database.execute(f"FROM {name}.segments").fetchall()
        listings = database.execute(f"FROM {name}.listings").fetchall()
        (images, failed) = database.execute(f"FROM {name}.totals").fetchall()[0]
        return Sealed(
            file,
            tuple(segment_from_json(part, rows, json.loads(text)) for part, rows, text in segments),
            tuple(Listing(**json.loads(text)) for (text,) in listings),
            images,
            failed,
        )
    except (duckdb.Error, ValueError, KeyError, TypeError, IndexError) as error:
        raise StoreError(
            f"{file} is damaged ({error}): `mint store repair` makes it again from the segments."
        ) from error


def _digest_fields(fields: Mapping[str, Any]) -> str:
    return digest_of(json.dumps(fields).encode())
