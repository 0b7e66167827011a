"""The one lock under which what is no artefact of a home folder changes, and artefacts are taken away."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from mintcore.errors import MintError
from store.artefacts import Home

LOCK_FILE = "home.lock"


@contextmanager
def changing(home: Home) -> Iterator[None]:
    """Hold the lock of a home folder; the kernel takes it back from a killed process.

    Raises:
        MintError: The home folder cannot be written.
    """
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        handle = (home.path / LOCK_FILE).open("a")
    except OSError as error:
        raise unwritable(home, error) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:  # closing is not enough: a process forked meanwhile would keep the lock
            fcntl.flock(handle, fcntl.LOCK_UN)


def unwritable(home: Home, error: OSError) -> MintError:
    """Say that a home folder cannot be written, and what to do."""
    return MintError(
        f"The home folder {home.path} cannot be written ({error.strerror}): "
        "choose another with --home or MINT_HOME."
    )
