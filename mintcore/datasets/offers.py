"""What a browser may offer as a dataset: an uploaded zip, or a folder below an allowed root."""

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from mintcore.errors import MintError
from store.artefacts import Home

ROOTS_VARIABLE = "MINT_DATA_ROOTS"
"""Environment variable with the folders below which a browser may choose one, separated like PATH."""
_CHUNK_BYTES = 2**20


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
    try:
        folder = (root / below).resolve()
        is_folder = folder.is_dir()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, links in a circle
        is_folder = False
    if not is_folder or not folder.is_relative_to(root):
        raise MintError(f"{below!r} is no folder below {root}: give the path of one from there.")
    return folder


def keep_upload(home: Home, file: BinaryIO) -> Path:
    """Keep an uploaded zip in the home folder, under the digest of its bytes.

    Returns:
        The file; the existing one where the same was uploaded before.

    Raises:
        MintError: The disk is full, or the home folder cannot be written.
    """
    folder = home.path / "uploads"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as part:
                digest = _copy(file, part)
            kept = folder / f"{digest}.zip"
            os.replace(name, kept)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise MintError(
            f"The upload cannot be kept in {folder} ({error.strerror}): make room, or choose another home."
        ) from error
    return kept


def _copy(file: BinaryIO, part: BinaryIO) -> str:
    """Copy all of a file to the disk, and give the digest of its bytes."""
    digest = hashlib.blake2b(digest_size=16)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        part.write(chunk)
    part.flush()
    os.fsync(part.fileno())
    return digest.hexdigest()


def suggested_name(offered: str) -> str:
    """Make a usable dataset name of the name of a file or folder."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(offered).stem).strip("-._")
    return cleaned[:60] or "images"
