"""What a browser may offer: an uploaded file, or a file or folder below an allowed root."""

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from mintcore.datasets.uris import parse_uri
from mintcore.errors import MintError
from mintcore.settings import DATA_ROOTS
from mintcore.uploads import is_upload
from store.artefacts import Home

ROOTS_VARIABLE = DATA_ROOTS.name
"""Environment variable with the folders below which a browser may choose one, separated like PATH."""
_KNOWN_FOLDERS = 4096


def allowed_roots(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """List the folders below which a browser may choose; none where nothing is allowed."""
    listed = environment.get(ROOTS_VARIABLE, "").split(os.pathsep)
    return [Path(root).resolve() for root in listed if root]


def folder_below(root: Path, below: str) -> Path:
    """Find a folder below an allowed root.

    Args:
        root: One of ``allowed_roots``.
        below: Path from there; empty for the root itself.

    Raises:
        MintError: It leads out of the root, through a link too, or is no folder.
    """
    found = _below(root, below)
    if found is None or not found.is_dir():
        raise MintError(f"{below!r} is no folder below {root}: give the path of one from there.")
    return found


def file_below(root: Path, below: str) -> Path:
    """Find a file below an allowed root.

    Args:
        root: One of ``allowed_roots``.
        below: Path from there.

    Raises:
        MintError: It leads out of the root, through a link too, or is no file.
    """
    found = _below(root, below)
    if found is None or not found.is_file():
        raise MintError(f"{below!r} is no file below {root}: give the path of one from there.")
    return found


def require_offered(home: Home, path: Path) -> Path:
    """Check that a browser may have named a file or folder: jobs ask before they read it.

    Returns:
        The path without links.

    Raises:
        MintError: It is no upload and lies below no allowed root, or it is gone.
    """
    found = path.resolve()
    if not is_upload(home, found) and not _is_allowed(found, allowed_roots()):
        raise MintError(
            f"{path} lies below none of the folders that {ROOTS_VARIABLE} names, so the browser cannot choose it."
        )
    if not found.exists():
        again = "upload it again" if is_upload(home, found) else "choose another"
        raise MintError(f"{path.name} is not there any more: {again}.")
    return found


def require_image_below(uri: str, roots: tuple[Path, ...]) -> None:
    """Check that an image which a manifest names, or which lies in a folder, lies below an allowed root.

    Args:
        uri: The image, with an absolute path.
        roots: The allowed roots.

    Raises:
        MintError: It does not, perhaps through a link.
    """
    address = parse_uri(uri)
    file = Path(address.location)
    if address.kind == "torchvision" or not _is_allowed(_without_links(file), roots):
        raise MintError(
            f"One of the images is {uri}, which lies below none of the folders that {ROOTS_VARIABLE} names, perhaps "
            "through a link: leave it out, or register the dataset with `mint dataset add`."
        )


def suggested_name(offered: str) -> str:
    """Make a usable name of the name of a file or folder."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(offered).stem).strip("-._")
    return cleaned[:60] or "images"


def _below(root: Path, below: str) -> Path | None:
    try:
        found = (root / below).resolve()
        return found if found.is_relative_to(root) and found.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, links in a circle
        return None


def _is_allowed(path: Path, roots: list[Path] | tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(root) for root in roots)


def _without_links(file: Path) -> Path:
    """Resolve a path as ``Path.resolve`` does, each folder once: a manifest names many files of few folders."""
    try:
        return file.resolve() if file.is_symlink() else _folder(str(file.parent)) / file.name
    except (OSError, ValueError, RuntimeError):
        return Path()  # below no root


@lru_cache(maxsize=_KNOWN_FOLDERS)
def _folder(folder: str) -> Path:
    return Path(folder).resolve()
