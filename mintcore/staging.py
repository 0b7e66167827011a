"""The folder ``.staging`` of a home: what is about to be published, and what was taken out of sight."""

import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from mintcore.dependents import Artefact
from mintcore.disk_use import bytes_on_disk
from store.artefacts import Home
from store.durability import flush_file

ABANDONED_AFTER_S = 24 * 3600
"""Nothing is published that was not written to for so long: its process is dead."""
_GONE, _UNPUBLISHED = "gone-", "tmp"


def put_out_of_sight(home: Home, artefact: Artefact) -> None:
    """Take an artefact away in one step; ``empty`` frees its room.

    Raises:
        OSError: It is not there, or cannot be moved.
    """
    folder = home.folder(artefact.kind, artefact.id)
    home.staging.mkdir(exist_ok=True)
    folder.rename(home.staging / f"{_GONE}{artefact.kind}-{artefact.id}-{secrets.token_hex(4)}")
    flush_file(folder.parent)  # before the next one goes, whatever happens to the power


def leftovers(home: Home, now_s: float | None = None) -> list[Path]:
    """List what nobody needs: what was put out of sight, and what killed processes never published.

    Args:
        home: The home folder.
        now_s: The time, seconds since 1970; None for now.
    """
    oldest = (time.time() if now_s is None else now_s) - ABANDONED_AFTER_S
    return [
        path
        for path in sorted(home.staging.glob("*"))
        if path.name.startswith(_GONE)
        or (path.name.startswith(_UNPUBLISHED) and max(_times(path)) < oldest)
    ]


def empty(home: Home) -> int:
    """Delete the leftovers, and give the bytes that this freed. Killed at any moment, it goes on next time."""
    freed = 0
    for path in leftovers(home):
        if path.is_symlink():  # an artefact that somebody keeps elsewhere: what is there is theirs
            path.unlink()
            continue
        freed += bytes_on_disk(path)
        shutil.rmtree(path, ignore_errors=True)
    return freed


def _times(path: Path) -> Iterator[float]:
    """Yield when a folder, and each thing below it, was last written."""
    for each in (path, *path.rglob("*")):
        try:
            yield each.lstat().st_mtime
        except FileNotFoundError:  # published or finished at this moment
            yield time.time()
