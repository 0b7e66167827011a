"""What folders take on disk."""

import os
from pathlib import Path

from store.disk import file_bytes


def bytes_on_disk(path: Path) -> int:
    """Give the bytes of a file, or of all files below a folder; what is taken away meanwhile counts nothing."""
    if not path.is_dir():
        return file_bytes(path) or 0
    files = (Path(parent) / name for parent, _, names in os.walk(path) for name in names)
    return sum(file_bytes(file) or 0 for file in files)
