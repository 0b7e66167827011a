"""Leases: which runs are writing a store, and what a run that died has left.

Each run has a folder ``leases/<token>`` with ``lease.json`` and the shards that it has not published
yet. No other run touches them, as long as the lease lives.
"""

import fcntl
import json
import os
import platform
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from store.durability import flush_file
from store.errors import StoreError
from store.lock import exclusive, held_by_someone

HEARTBEAT_S = 5.0
LEASE_S = 60.0
"""A run on another machine is dead when its heart has not beaten for so long."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Lease:
    """The right of one run to publish shards; ``taking_lease`` gives one.

    Args:
        store: The store's folder.
        folder: The lease's folder, where shards wait for their publication.
    """

    def __init__(self, store: Path, folder: Path) -> None:
        self._store = store
        self.folder = folder

    @property
    def token(self) -> str:
        """What names it among the leases of its store."""
        return self.folder.name

    def claim(self, keys: Sequence[str]) -> None:
        """Say which arrays this run writes, now that they are ready; the caller holds the lock.

        Raises:
            StoreError: The store cannot be written.
        """
        try:
            _write(lease_file(self.folder), keys)
        except OSError as error:
            raise _unwritable(self._store, error) from error

    def require(self) -> None:
        """Make sure that nobody has taken the lease over; ask while holding the store's lock.

        Raises:
            StoreError: The lease is gone.
        """
        if not lease_file(self.folder).exists():
            raise StoreError(
                f"Another run has taken over the lease {self.folder.name} of the store "
                f"{self._store}, since this one was silent for {LEASE_S:.0f} s: run again, what "
                "was committed is kept."
            )


@contextmanager
def taking_lease(store: Path) -> Iterator[Lease]:
    """Hold a lease, and keep its heart beating, while the block runs.

    Leases of dead runs are taken over first: what they left unpublished is deleted.

    Args:
        store: The store's folder.

    Raises:
        StoreError: The store cannot be written.
    """
    folder = store / "leases" / uuid.uuid4().hex
    with exclusive(store) as lock:
        for dead in dead_leases(store, lock):
            shutil.rmtree(dead, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
            _write(lease_file(folder), [])
            handle = lease_file(folder).open()
            fcntl.flock(handle, fcntl.LOCK_EX)
            flush_file(folder)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise _unwritable(store, error) from error
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(lease_file(folder), stop), daemon=True)
    heart.start()
    try:
        yield Lease(store, folder)
    finally:
        stop.set()
        heart.join()
        handle.close()
        shutil.rmtree(folder, ignore_errors=True)


def lease_of(store: Path, token: str) -> Lease:
    """Give the lease that another process holds."""
    return Lease(store, store / "leases" / token)


def leases(store: Path) -> list[Path]:
    """List the folders of all leases, alive or dead."""
    return sorted((store / "leases").glob("*"))


def dead_leases(store: Path, lock: Path) -> list[Path]:
    """List the leases of runs that ended without giving them back.

    On this machine the kernel knows: it drops a dead process's lock. For another machine the
    heartbeat decides, measured on the clock of the file system.

    Args:
        store: The store's folder.
        lock: The file of the store's lock, which the caller holds.
    """
    os.utime(lock)
    now = lock.stat().st_mtime
    return [folder for folder in leases(store) if not _alive(lease_file(folder), now)]


def living_leases(store: Path, lock: Path) -> list[Path]:
    """List the leases of runs that go on; the caller holds the store's lock."""
    dead = dead_leases(store, lock)
    return [folder for folder in leases(store) if folder not in dead]


def arrays_in_use(store: Path, lock: Path, but: Lease | None = None) -> set[str]:
    """Give the keys of the arrays that other living runs write.

    Args:
        store: The store's folder.
        lock: The file of the store's lock, which the caller holds.
        but: The caller's own lease, where it has one.
    """
    own = but.folder if but else None
    others = [folder for folder in living_leases(store, lock) if folder != own]
    claims = [_read(lease_file(folder)).get("arrays", []) for folder in others]
    return {key for keys in claims for key in keys}


def lease_file(folder: Path) -> Path:
    """Name the file that says whose lease it is, and whose time is its last heartbeat."""
    return folder / "lease.json"


def _alive(file: Path, now: float) -> bool:
    try:
        if held_by_someone(file):
            return True
        host = _read(file).get("host")
        elsewhere = host is not None and host != _host()
        return elsewhere and now - file.stat().st_mtime < LEASE_S
    except (FileNotFoundError, NotADirectoryError):  # given back by now, or no lease at all
        return False


def _write(file: Path, keys: Sequence[str]) -> None:
    file.write_text(json.dumps({"host": _host(), "arrays": list(keys)}))


def _unwritable(store: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The store {store} cannot be written ({error}): make room on its disk, or check its "
        "permissions."
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text()))
    except ValueError:  # its run was killed while it wrote this, for which it held the store's lock
        return {}


def _beat(file: Path, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_S):
        with suppress(OSError):  # a lease that was taken over has no heart to beat
            os.utime(file)


def _host() -> str:
    """Name this machine since its last start: a process of an earlier start cannot be alive."""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    return f"{platform.node()} {boot}"
