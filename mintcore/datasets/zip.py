"""Images in a zip, read where they lie: nothing is unpacked, so no name in it can lead anywhere."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from mintcore.datasets.folders import IMAGE_SUFFIXES
from mintcore.datasets.sample import Sample
from mintcore.datasets.uris import zip_uri
from mintcore.errors import MintError
from mintcore.image_limits import image_limits
from mintcore.images import Pixels, decode_image
from mintcore.settings import ZIP_ENTRIES, whole_number
from mintcore.zip_files import USUAL_METHODS, BoundedZip

_OPEN_FILES = 8
_LEFT_OUT = "__MACOSX"
_ENCRYPTED = 0x1
_LOCAL_HEADER_BYTES = 30
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, UnicodeError, NotImplementedError, OSError)
"""What zipfile raises on damaged or hostile files, methods of packing that it does not know among them."""


@dataclass(frozen=True)
class ZipSource:
    """All images of a zip, in its order; a folder in it gives its own images their label."""

    file: Path

    @property
    def spec(self) -> str:
        """``zip:`` and the absolute path."""
        return f"zip:{self.file}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Only the label."""
        return ("label",)

    def samples(self) -> Iterator[Sample]:
        """Yield the images. Hidden files and other file types are passed over.

        Raises:
            MintError: The file is no zip, damaged, locked with a password, or has too many entries.
        """
        entries = _opened(self.file).infolist()
        images = [(index, entry) for index, entry in enumerate(entries) if _is_image(entry)]
        around = _common_folder([entry.filename for _, entry in images])
        for index, entry in images:
            if entry.flag_bits & _ENCRYPTED:
                raise MintError(f"{self.file} is locked with a password: pack it again without.")
            if entry.compress_type not in USUAL_METHODS:
                raise MintError(_packed_otherwise(f"{entry.filename!r} in {self.file}"))
            folders = PurePosixPath(entry.filename.removeprefix(around)).parts[:-1]
            label = folders[0] if len(folders) == 1 else None
            yield Sample(zip_uri(self.file, index, entry.filename), {"label": label})


def read_zip_image(file: Path, index: int) -> Pixels:
    """Read an image by its place in the zip.

    Returns:
        (H, W, 3) RGB, uint8.

    Raises:
        MintError: The file is gone, damaged or another one, or the entry is no image or too large.
    """
    archive = _opened(file)
    if index >= len(archive.infolist()):
        raise MintError(f"{file} has no entry {index}: restore the file that was registered.")
    entry = archive.infolist()[index]
    title = f"{entry.filename!r} in {file}"
    if entry.compress_type not in USUAL_METHODS:
        raise MintError(_packed_otherwise(title))
    try:
        with archive.open(entry) as packed:  # not more than is allowed, whatever the zip promises
            encoded = packed.read(image_limits().file_bytes + 1)
    except (*_DAMAGED, RuntimeError) as error:
        raise MintError(f"{title} cannot be read ({error}): pack it again.") from error
    return decode_image(encoded, name=title)


def _packed_otherwise(title: str) -> str:
    return f"{title} is packed by another method than usual zips use (stored or deflated): pack it again."


def _is_image(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    hidden = any(part.startswith(".") and part != ".." for part in path.parts)
    hidden |= path.parts[:1] == (_LEFT_OUT,)
    return not hidden and not entry.is_dir() and path.suffix.lower() in IMAGE_SUFFIXES


def _common_folder(names: list[str]) -> str:
    """Give the folder that is packed around everything, with its slash; empty where there is none."""
    tops = {name.partition("/")[0] if "/" in name else "" for name in names}
    return f"{tops.pop()}/" if len(tops) == 1 and "" not in tops else ""


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        now = file.stat()
        return _open(file, now.st_mtime_ns, now.st_size)
    except _DAMAGED as error:
        reason = getattr(error, "strerror", None) or error
        raise MintError(
            f"{file} cannot be read as a zip ({reason}): pack or copy it again."
        ) from error


@lru_cache(maxsize=_OPEN_FILES)
def _open(file: Path, changed_ns: int, size: int) -> zipfile.ZipFile:
    """Open a zip, once for all threads as long as it does not change."""
    archive = BoundedZip(file, whole_number(ZIP_ENTRIES))
    _refuse_overlaps(archive.infolist(), file)
    return archive


def _refuse_overlaps(entries: list[zipfile.ZipInfo], file: Path) -> None:
    """Refuse entries that share their bytes: a small file could hold any amount (Fifield 2019, "A better zip bomb")."""
    end = 0
    for offset, length in sorted((entry.header_offset, entry.compress_size) for entry in entries):
        if offset < end:
            raise MintError(
                f"{file} has entries that lie over each other, as no packer writes them: pack it again."
            )
        end = offset + _LOCAL_HEADER_BYTES + length
