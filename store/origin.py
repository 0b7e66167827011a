"""What a mirror is the mirror of."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from store.errors import StoreError

REMOTE = "remote.json"
"""The file that makes a store's folder a mirror."""

_URL = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{1,62})((?:/[A-Za-z0-9][A-Za-z0-9._=-]*)*)/?")


@dataclass(frozen=True)
class Origin:
    """Where a mirror comes from.

    Attributes:
        url: The place of the objects, ``s3://bucket/prefix/id``.
    """

    url: str


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """Take the address of a place on object storage apart.

    Raises:
        StoreError: It is none.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise StoreError(
            f"{url[:100]!r} is no place for stores: give s3://BUCKET/PREFIX, of letters, digits, '.', '-', '_' "
            "and '='."
        )
    return match[1], match[2].strip("/")


def read_origin(folder: Path) -> Origin:
    """Read what a folder mirrors.

    Raises:
        StoreError: It cannot be read.
    """
    file = folder / REMOTE
    try:
        url = str(json.loads(file.read_text())["url"])
        bucket_and_prefix(url)
    except (OSError, ValueError, KeyError, TypeError, StoreError) as error:
        raise StoreError(
            f"{file} does not say which store it mirrors ({error}): delete the folder {folder}, which has no values "
            "of its own, then run again."
        ) from error
    return Origin(url)


def write_origin(folder: Path, origin: Origin) -> None:
    """Make a folder a mirror."""
    (folder / REMOTE).write_text(json.dumps(asdict(origin)) + "\n")
