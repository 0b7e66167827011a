"""What is committed at one moment: a sealed index where there is one, and what came after it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb

from store.database import open_database, reason, silence
from store.errors import StoreError
from store.listings import Listing, check_listing, listing_files, read_listing
from store.sealed import Sealed, current_index, read_sealed
from store.segments import Segment, check_segment, read_segment, segment_files

ATTACHED = 2
"""Sealed indexes kept open: the current one, and the one that another thread may just be asking."""

Footer = TypeVar("Footer", Segment, Listing)
FileKey = tuple[str, int, int, int]

_LATER = "SELECT sample_id::UUID AS sample_id, row, status, reason FROM later_segments"
_SEALED = "SELECT sample_id, row, status, reason FROM {database}.placed"
_NOTHING = "SELECT NULL::UUID AS sample_id, 0 AS row, '' AS status, '' AS reason WHERE false"

_FAILURES = """
    SELECT sample_id, arg_min(status, row) AS status, arg_min(reason, row) AS reason
    FROM {placed} WHERE status <> 'ok' GROUP BY sample_id
"""

# A listed image has the status of its first failure, be it its dataset's or the extraction's.
_LISTED = """
    SELECT dataset, position, sample_id, membership, label, identity, split,
           CASE WHEN listed.status NOT IN ('ok', 'absent') THEN listed.status
                WHEN failures.status IS NOT NULL THEN failures.status
                WHEN sample_id IN (SELECT sample_id FROM {placed}) THEN 'ok'
                ELSE listed.status END AS status,
           coalesce(listed.reason, failures.reason) AS reason
    FROM ({listed}) AS listed LEFT JOIN ({failures}) AS failures USING (sample_id)
"""

_LISTING = """
    SELECT '{dataset}' AS dataset, position, sample_id::UUID AS sample_id, membership, label,
           identity, split, CASE status WHEN 'ok' THEN 'absent' ELSE status END AS status, reason
    FROM listing_{number}
"""


@dataclass(frozen=True)
class Snapshot:
    """What a store holds at one moment.

    Attributes:
        folder: The store.
        block_rows: Rows a block.
        segments: All segments.
        listings: All listings.
        sealed: The sealed index; it has some of the segments and listings.
        database: An empty DuckDB, in memory, to which the sealed index is attached.
    """

    folder: Path
    block_rows: int
    segments: tuple[Segment, ...]
    listings: tuple[Listing, ...]
    sealed: Sealed | None
    database: duckdb.DuckDBPyConnection

    def later_segments(self) -> list[Segment]:
        """Give the segments that the sealed index does not have."""
        sealed = {segment.name for segment in self.sealed.segments} if self.sealed else set()
        return [segment for segment in self.segments if segment.name not in sealed]

    def later_listings(self) -> list[Listing]:
        """Give the listings that the sealed index does not have, or not as they are by now.

        Where later segments fill a gap before the last sealed row, the first failure of an image
        can be another one than the sealed index says.
        """
        sealed = self.sealed.listings if self.sealed else ()
        last = max((s.first_row for s in self.sealed.segments), default=0) if self.sealed else 0
        if any(segment.first_row < last for segment in self.later_segments()):
            sealed = ()
        return [listing for listing in self.listings if listing not in sealed]


def require_segments(snapshot: Snapshot) -> None:
    """Refuse to change a store that lost a segment, though the sealed index still has its rows.

    Its block would look free, and its shards would be overwritten.

    Raises:
        StoreError: A segment is gone.
    """
    there = {file.name for file in segment_files(snapshot.folder)}
    for segment in snapshot.segments:
        if segment.name not in there:
            raise StoreError(
                f"{snapshot.folder / 'index' / segment.name} is gone: `mint store repair` restores "
                "it from the sealed index."
            )


class Footers:
    """Takes snapshots of a store; reads and checks each of its files once.

    Args:
        folder: The store.
        block_rows: Rows a block.
    """

    def __init__(self, folder: Path, block_rows: int) -> None:
        self._folder = folder
        self._block_rows = block_rows
        self._lock = threading.Lock()
        self._database = open_database()
        self._attached: list[str] = []
        self._sealed: Sealed | None = None
        self._segments: dict[FileKey, Segment] = {}
        self._listings: dict[FileKey, Listing] = {}

    def snapshot(self) -> Snapshot:
        """Give what is committed by now.

        Raises:
            StoreError: A segment, a listing or the sealed index is damaged or of another format.
        """
        with self._lock:
            self._sealed = self._current()
            sealed = self._sealed.segments if self._sealed else ()
            names = {segment.name for segment in sealed}
            later = [file for file in segment_files(self._folder) if file.name not in names]
            self._segments = _remember(self._segments, later, _checked_segment)
            segments = sorted([*sealed, *self._segments.values()], key=lambda s: s.first_row)
            return Snapshot(
                self._folder,
                self._block_rows,
                tuple(segments),
                self._current_listings(),
                self._sealed,
                self._database,
            )

    def _current(self) -> Sealed | None:
        file = current_index(self._folder)
        if file is None or (self._sealed is not None and file == self._sealed.file):
            return self._sealed if file else None
        try:
            sealed = read_sealed(self._database, file)
        except StoreError:
            if current_index(self._folder) == file:
                raise
            return self._current()  # newer ones have replaced it in this moment
        # The pointer can come back to one that is attached: it was unreadable for a moment.
        self._attached = [name for name in self._attached if name != sealed.database]
        self._attached.append(sealed.database)
        if len(self._attached) > ATTACHED:
            self._database.execute(f"DETACH {self._attached.pop(0)}")
        return sealed

    def _current_listings(self) -> tuple[Listing, ...]:
        """Give the listings; those that the sealed index has need no check of every byte."""
        sealed = self._sealed.listings if self._sealed else ()

        def read(file: Path) -> Listing:
            listing = read_listing(file)
            if listing not in sealed:
                check_listing(file)
            return listing

        self._listings = _remember(self._listings, listing_files(self._folder), read)
        return tuple(self._listings.values())


@contextmanager
def asking(snapshot: Snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a snapshot for questions: the views ``placed`` (rows) and ``listed`` (images of datasets).

    Raises:
        StoreError: The index cannot be read.
    """
    with snapshot.database.cursor() as connection:
        try:
            silence(connection)
            define_views(connection, snapshot)
            yield connection
        except duckdb.Error as error:
            raise StoreError(
                f"The index of the store {snapshot.folder} cannot be read ({reason(error)}): "
                "`mint store verify` says which file is damaged."
            ) from error


def define_views(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    """Define the views ``placed`` and ``listed`` in a connection that has the sealed index attached."""
    placed = []
    if snapshot.sealed:
        placed.append(_SEALED.format(database=snapshot.sealed.database))
    if later := snapshot.later_segments():
        files = [str(snapshot.folder / "index" / segment.name) for segment in later]
        connection.read_parquet(files).create_view("later_segments")
        placed.append(_LATER)
    connection.execute(f"CREATE TEMP VIEW placed AS {' UNION ALL '.join(placed) or _NOTHING}")
    connection.execute(f"CREATE TEMP VIEW listed AS {_listed(connection, snapshot)}")


def _listed(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> str:
    parts = []
    later = snapshot.later_listings()
    if snapshot.sealed and snapshot.sealed.listings:
        gone = set(snapshot.sealed.listings) - (set(snapshot.listings) - set(later))
        replaced = " AND ".join(f"dataset <> '{entry.dataset}'" for entry in gone) or "true"
        sealed = f"SELECT * FROM {snapshot.sealed.database}.listed WHERE {replaced}"  # noqa: S608
        parts.append(_joined(sealed, f"({_LATER})") if snapshot.later_segments() else sealed)
    unplaced = []
    for number, listing in enumerate(later):
        file = str(snapshot.folder / "index" / listing.name)
        connection.read_parquet(file).create_view(f"listing_{number}")
        unplaced.append(_LISTING.format(dataset=listing.dataset, number=number))
    if unplaced:
        parts.append(_joined(" UNION ALL ".join(unplaced), "placed"))
    return " UNION ALL ".join(f"({part})" for part in parts) or _NO_LISTING


def _joined(listed: str, placed: str) -> str:
    """Give listings with the status that rows give them."""
    return _LISTED.format(listed=listed, placed=placed, failures=_FAILURES.format(placed=placed))


_NO_LISTING = """
    SELECT '' AS dataset, 0 AS position, NULL::UUID AS sample_id, '' AS membership, '' AS label,
           '' AS identity, '' AS split, '' AS status, '' AS reason
    WHERE false
"""


def _checked_segment(file: Path) -> Segment:
    segment = read_segment(file)
    check_segment(file)
    return segment


def _remember(
    known: dict[FileKey, Footer], files: list[Path], read: Callable[[Path], Footer]
) -> dict[FileKey, Footer]:
    """Read the files that are new or replaced."""
    found: dict[FileKey, Footer] = {}
    for file in files:
        with suppress(FileNotFoundError):  # repaired or collected in this moment
            state = file.stat()
            key = (file.name, state.st_ino, state.st_mtime_ns, state.st_size)
            found[key] = known[key] if key in known else read(file)
    return found
