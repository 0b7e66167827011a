"""What the parts of a home folder take on disk."""

import os
import time
from collections import defaultdict
from dataclasses import dataclass

from store.artefacts import Home
from store.disk import free_bytes

OTHER = "other files"


@dataclass(frozen=True)
class HomeSizes:
    """Bytes of a home folder by part.

    Attributes:
        bytes: Folder of the home, such as "stores", -> bytes; the largest first.
        whole: Whether all was counted; else the time was up, and more is there than was counted.
        free_bytes: What is free on its disk.
    """

    bytes: dict[str, int]
    whole: bool
    free_bytes: int


def home_sizes(home: Home, seconds: float | None) -> HomeSizes:
    """Add up the files of a home folder.

    Args:
        home: The home folder.
        seconds: Stop counting after so long; None counts all.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    counted: dict[str, int] = defaultdict(int)
    for folder, _, names in os.walk(home.path):
        part = os.path.relpath(folder, home.path).split(os.sep, 1)[0]
        for name in names:
            counted[OTHER if part == "." else part] += _bytes(os.path.join(folder, name))
        if deadline is not None and time.monotonic() > deadline:
            return HomeSizes(_largest_first(counted), whole=False, free_bytes=free_bytes(home.path))
    return HomeSizes(_largest_first(counted), whole=True, free_bytes=free_bytes(home.path))


def _largest_first(counted: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda each: -each[1]))


def _bytes(file: str) -> int:
    try:
        return os.lstat(file).st_size
    except OSError:  # taken away meanwhile
        return 0
