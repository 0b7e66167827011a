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


def require_free(folder: Path, needed_bytes: int) -> None:
    """Make sure that a folder's disk has room.

    Raises:
        StoreError: Less is free than needed; the message has both numbers.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise StoreError(
            f"The disk of {folder} has {human_bytes(free_bytes)} free, but "
            f"{human_bytes(needed_bytes)} are needed: free some space, or keep fewer layers, "
            "smaller views or fewer images."
        )
