"""One writer at a time a store."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.errors import StoreError


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Hold the only right to write a store; the kernel takes it back from a killed process.

    Raises:
        StoreError: Another process is writing, or the folder cannot be written.
    """
    try:
        handle = (folder / "writer.lock").open("w")
    except OSError as error:
        raise StoreError(
            f"The store {folder} cannot be written ({error.strerror}): check its permissions."
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                f"Another process is writing the store {folder}: "
                "wait until it has finished, then try again."
            ) from error
        yield
