"""The store's lock: held for a moment at a time, by whoever changes what others see."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.errors import StoreError

WAIT_S = 120.0
POLL_S = 0.005


@contextmanager
def exclusive(folder: Path) -> Iterator[Path]:
    """Hold the only right to change a store's index; the kernel takes it back from a killed process.

    Every open file has a lock of its own, so this keeps threads apart as well as processes. On a
    network file system it needs locks that reach all machines (NFS 4, CephFS, Lustre with flock).

    Yields:
        The lock's file.

    Raises:
        StoreError: The folder cannot be written, or the lock is not given back within two minutes.
    """
    file = folder / "writer.lock"
    try:
        handle = file.open("w")
    except OSError as error:
        raise StoreError(
            f"The store {folder} cannot be written ({error.strerror}): check its permissions."
        ) from error
    with handle:
        _wait(handle.fileno(), folder)
        try:
            yield file
        finally:  # closing is not enough: a process forked meanwhile would keep the lock
            fcntl.flock(handle, fcntl.LOCK_UN)


def held_by_someone(file: Path) -> bool:
    """Tell whether another open file holds the lock of ``file``, in this process or another."""
    with file.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _wait(descriptor: int, folder: Path) -> None:
    end = time.monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise StoreError(
                    f"Another process has kept the store {folder} locked for {WAIT_S:.0f} s: "
                    "wait until it has finished, then try again."
                ) from error
            time.sleep(POLL_S)
        else:
            return
