"""Sealing: all that is committed, sorted into one read-only index file, without stopping anybody."""

from pathlib import Path

import duckdb

from store.database import open_database, reason
from store.durability import flush_file
from store.errors import StoreError
from store.leases import taking_lease
from store.lock import exclusive
from store.sealed import attach, read_sealed, sealed_files, write_pointer, write_tables
from store.snapshot import Footers, Snapshot, define_views

DUE_PART = 10
DUE_SEGMENTS = 64

ATTEMPTS = 5
"""How often a seal begins again when somebody else was faster."""


def is_due(snapshot: Snapshot) -> bool:
    """Tell whether sealing pays: what came since is much, beside what a seal would sort again."""
    later = snapshot.later_segments()
    rows = sum(segment.rows for segment in later)
    everything = sum(segment.rows for segment in snapshot.segments)
    return rows * DUE_PART >= everything > 0 or len(later) >= DUE_SEGMENTS


def seal(folder: Path, block_rows: int) -> Path | None:
    """Make the sealed index of what is committed, and the one that readers use from now on.

    Readers keep the index that they have until they look again. Writers go on; what they commit
    meanwhile is in the next seal.

    Args:
        folder: The store.
        block_rows: Rows a block.

    Returns:
        The new index; the current one where nothing has come since; None for an empty store.

    Raises:
        StoreError: The index is damaged, the disk is full, or others seal or repair all the time.
    """
    for _ in range(ATTEMPTS):
        before = Footers(folder, block_rows).snapshot()
        if not before.later_segments() and _same_listings(before):
            return before.sealed.file if before.sealed else None
        if file := _seal(before):
            return file
    raise StoreError(
        f"The store {folder} was sealed, repaired or cleaned by somebody else {ATTEMPTS} times "
        "meanwhile: nothing is lost; run `mint store seal` later."
    )


def _seal(before: Snapshot) -> Path | None:
    """Seal a snapshot; None where somebody else has changed the store meanwhile."""
    try:
        with taking_lease(before.folder) as lease:
            unfinished = lease.folder / "index.duckdb"
            _build(unfinished, before)
            _check(unfinished, before)
            with exclusive(before.folder):
                lease.require()
                return _publish(unfinished, before)
    except (duckdb.Error, OSError) as error:
        raise StoreError(
            f"The index of the store {before.folder} could not be sealed ({reason(error)}): nothing "
            "is lost; make room on the disk, then run `mint store seal`."
        ) from error


def _build(file: Path, snapshot: Snapshot) -> None:
    with open_database(file, spill=file.parent / "spilled") as connection:
        if snapshot.sealed:
            attach(connection, snapshot.sealed.file)
        define_views(connection, snapshot)
        write_tables(connection, snapshot.segments, snapshot.listings)
        connection.execute("CHECKPOINT")  # closing would, too, but keep silent about a full disk
    flush_file(file)


def _check(file: Path, snapshot: Snapshot) -> None:
    """Make sure, before anybody reads it, that all of an index is in its file."""
    with open_database() as connection:
        sealed = read_sealed(connection, file)
        placed = connection.table(f"{sealed.database}.placed").shape[0]
    rows = sum(segment.rows for segment in snapshot.segments)
    if sealed.segments != snapshot.segments or placed != rows:
        raise OSError(f"{file.name} lacks rows that were written to it")


def _publish(unfinished: Path, before: Snapshot) -> Path | None:
    now = Footers(before.folder, before.block_rows).snapshot()
    same = {segment.name: segment for segment in now.segments}
    if now.sealed != before.sealed or any(same.get(s.name) != s for s in before.segments):
        return None
    older = sealed_files(before.folder)
    file = before.folder / f"index-{max(older, default=0) + 1}.duckdb"
    unfinished.rename(file)
    write_pointer(before.folder, file)
    for old in older.values():
        if before.sealed is None or old != before.sealed.file:  # somebody may just be opening that
            old.unlink(missing_ok=True)
    return file


def _same_listings(snapshot: Snapshot) -> bool:
    sealed = snapshot.sealed.listings if snapshot.sealed else ()
    return set(sealed) == set(snapshot.listings)
