"""Forcing files and folders to disk, so that what was published survives a power cut."""

import os
from pathlib import Path


def flush_file(file: Path) -> None:
    """Force the content of a file, or the entries of a folder, to disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(unfinished: Path, file: Path) -> None:
    """Give a written file its name: whole and on disk, or not at all."""
    flush_file(unfinished)
    unfinished.rename(file)
    flush_file(file.parent)


def flush_tree(folder: Path) -> None:
    """Force a folder and everything below it to disk."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            flush_file(path)
    flush_file(folder)
