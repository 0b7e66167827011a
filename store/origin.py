"""What a mirror is the mirror of."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from store.errors import StoreError

REMOTE = "remote.json"
"""The file that makes a store's folder a mirror."""


@dataclass(frozen=True)
class Origin:
    """Where a mirror comes from.

    Attributes:
        url: The place of the objects, ``s3://bucket/prefix/id``.
    """

    url: str


def read_origin(folder: Path) -> Origin:
    """Read what a folder mirrors.

    Raises:
        StoreError: It cannot be read.
    """
    file = folder / REMOTE
    try:
        return Origin(str(json.loads(file.read_text())["url"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{file} does not say which store it mirrors ({error}): delete the folder {folder}, which has no values "
            "of its own, then run again."
        ) from error


def write_origin(folder: Path, origin: Origin) -> None:
    """Make a folder a mirror."""
    (folder / REMOTE).write_text(json.dumps(asdict(origin)) + "\n")
