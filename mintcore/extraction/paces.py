"""How fast extractions of a home folder went: a line each, from which later ones are estimated. Needs no torch."""

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from store.artefacts import Home

FEWEST_IMAGES = 200
"""Fewer images measure how a process warms up."""
_FILE = "paces.jsonl"
_TAIL_BYTES = 32 * 1024


@dataclass(frozen=True)
class MeasuredPace:
    """What one extraction took.

    Attributes:
        model: Name of the audited model.
        device: Kind of device, "cpu" or "cuda".
        images: Images that were computed.
        flops: Floating-point operations an image.
        seconds: From the first batch to the last commit.
    """

    model: str
    device: str
    images: int
    flops: int
    seconds: float


def record_pace(home: Home, pace: MeasuredPace) -> None:
    """Keep a pace, where it measures anything; a disk that is full costs an estimate, not the extraction."""
    if pace.images < FEWEST_IMAGES:
        return
    line = json.dumps(asdict(pace)) + "\n"
    with contextlib.suppress(OSError), _file(home).open("a", encoding="utf-8") as file:
        file.write(line)


def measured_paces(home: Home) -> list[MeasuredPace]:
    """Read the latest paces, oldest first; lines that are no pace are left out."""
    try:
        with _file(home).open("rb") as file:
            file.seek(-min(_TAIL_BYTES, os.fstat(file.fileno()).st_size), os.SEEK_END)
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError, TypeError):
            found.append(MeasuredPace(**json.loads(line)))
    return found


def paces_version(home: Home) -> int:
    """Give the time of the latest pace, nanoseconds: the key of a cache."""
    try:
        return _file(home).stat().st_mtime_ns
    except OSError:
        return 0


def _file(home: Home) -> Path:
    return home.path / _FILE
