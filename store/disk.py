"""Disk space: what a write will take, and whether it fits."""

import shutil
from pathlib import Path

from store.errors import StoreError


def human_bytes(count: int) -> str:
    """Write a number of bytes for a person, such as ``"1.5 GiB"``."""
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} PiB"


def free_bytes(folder: Path) -> int:
    """Give what is free on a folder's disk; the folder itself may not exist yet."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def require_free(folder: Path, needed_bytes: int) -> None:
    """Make sure that a folder's disk has room.

    Raises:
        StoreError: Less is free than needed; the message has both numbers.
    """
    free = free_bytes(folder)
    if free < needed_bytes:
        raise StoreError(
            f"The disk of {folder} has {human_bytes(free)} free, but "
            f"{human_bytes(needed_bytes)} are needed: free some space, or keep fewer layers, "
            "smaller views or fewer images."
        )


def file_bytes(file: Path) -> int | None:
    """Give the size of a file; None where there is none."""
    try:
        return file.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
