"""Files that a browser gave, kept in the home folder as long as they are needed."""

import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.image_limits import image_limits
from mintcore.settings import UPLOAD_MIB, whole_number
from store.artefacts import Card, Home

UNNEEDED_AFTER_S = 24 * 3600
"""What nothing names after so long belongs to no dataset and to no job that will be asked again."""
_CHUNK_BYTES = 2**20


def upload_mib() -> int:
    """Give the largest zip, manifest or file of weights that may be uploaded, in MiB.

    Raises:
        MintError: The setting is no whole number, or below 1.
    """
    return whole_number(UPLOAD_MIB)


def most_upload_mib() -> int:
    """Give the largest upload of any kind in MiB, as the server is to take it: an image is one, too.

    Raises:
        MintError: A setting is no whole number, or below 1.
    """
    return max(upload_mib(), image_limits().file_bytes // 2**20)


def uploads_folder(home: Home) -> Path:
    """Give the folder of the uploads, absolute and without links."""
    return (home.path / "uploads").resolve()


def keep_upload(home: Home, file: BinaryIO, suffix: str = ".zip") -> Path:
    """Keep an upload under the digest of its bytes.

    Args:
        home: The home folder.
        file: The upload.
        suffix: What its name is to end with.

    Returns:
        The file; the existing one where the same was uploaded before.

    Raises:
        MintError: The disk is full, or the home folder cannot be written.
    """
    return _keep(home, file, lambda digest: f"{digest}{suffix}")


def keep_for_once(home: Home, file: BinaryIO, suffix: str) -> Path:
    """Keep an upload for one job, under a name of its own, which ``forget_upload`` takes away again.

    Raises:
        MintError: As ``keep_upload``.
    """
    token = secrets.token_hex(6)
    return _keep(home, file, lambda digest: f"{digest[:12]}-{token}{suffix}")


def is_upload(home: Home, file: Path) -> bool:
    """Tell whether a file lies among the uploads."""
    return file.resolve().parent == uploads_folder(home)


def forget_upload(home: Home, file: Path) -> None:
    """Delete a file where it is an upload; any other stays."""
    if is_upload(home, file):
        file.unlink(missing_ok=True)


@contextmanager
def spending(home: Home, file: Path, called: str, *made: Path) -> Iterator[None]:
    """Read a file that one job needs. An upload is deleted afterwards, but a job that is killed is asked again.

    Args:
        home: The home folder.
        file: The file; any other than an upload stays.
        called: How a person calls it: errors name it so.
        made: Uploads that the block makes from it, deleted where it fails.

    Raises:
        MintError: The block fails by an error that is for persons.
    """
    try:
        yield
    except PERSON_ERRORS as error:
        sentence = str(error)
        for each in (*made, file):
            forget_upload(home, each)
            sentence = sentence.replace(str(each), called)
        raise MintError(sentence) from error
    forget_upload(home, file)


def uploads_of(home: Home, datasets: Sequence[Card], names: Collection[str]) -> Iterator[Path]:
    """List the uploads that some datasets were made from, and no other dataset."""
    used = {card["id"]: _file_of(card) for card in datasets}
    others = {file for name, file in used.items() if name not in names}
    for file in {file for name, file in used.items() if name in names} - others:
        if is_upload(home, file):
            yield file


def unneeded_uploads(
    home: Home, datasets: Sequence[Card], named: Collection[str], now_s: float | None = None
) -> list[Path]:
    """List uploads that have lain for a day without a dataset or a job that is under way naming them.

    Args:
        home: The home folder.
        datasets: The cards of all datasets.
        named: All texts in the settings of jobs under way.
        now_s: The time, seconds since 1970; None for now.
    """
    oldest = (time.time() if now_s is None else now_s) - UNNEEDED_AFTER_S
    used = {str(_file_of(card)) for card in datasets} | {text.partition(":")[2] for text in named}
    files = sorted(uploads_folder(home).glob("*"))
    return [
        file
        for file in files
        if str(file) not in used | set(named) and file.is_file() and file.stat().st_mtime < oldest
    ]


def _file_of(card: Card) -> Path:
    return Path(card["source"].partition(":")[2])


def _keep(home: Home, file: BinaryIO, name_of: Callable[[str], str]) -> Path:
    folder = uploads_folder(home)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as part:
                digest = _copy(file, part)
            kept = folder / name_of(digest)
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
    file.seek(0)
    digest = hashlib.blake2b(digest_size=16)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        part.write(chunk)
    part.flush()
    os.fsync(part.fileno())
    return digest.hexdigest()
