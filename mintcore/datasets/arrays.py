"""Arrays inside ``.npz`` files, mapped rather than loaded, and never unpickled."""

import math
import os
import shutil
import struct
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mintcore.datasets.sample import Sample, listed_columns, require_few_columns
from mintcore.datasets.uris import inside_uri
from mintcore.errors import MintError
from mintcore.images import Pixels, as_rgb
from mintcore.zip_files import USUAL_METHODS, BoundedZip

Array = NDArray[np.generic]

IMAGES = "images"
_LOCAL_HEADER_BYTES = 30
_OPEN_FILES = 8
_ENCRYPTED = 0x1
_DAMAGED = (
    OSError,
    ValueError,
    TypeError,
    RuntimeError,  # encrypted, or nested too deeply; NotImplementedError is one
    EOFError,
    SyntaxError,
    OverflowError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
)
"""What zipfile and the reader of NumPy's headers, which are Python literals, raise on damaged or hostile files."""
# (N, H, W) or (N, H, W, channels)
_IMAGE_DIMENSIONS = (3, 4)


@dataclass(frozen=True)
class ArraysSource:
    """The images of an ``.npz`` file; its other arrays of the same length are the columns."""

    file: Path

    @property
    def spec(self) -> str:
        """``arrays:`` and the absolute path."""
        return f"arrays:{self.file}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the arrays with one value an image."""
        return tuple(open_columns(self.file))

    def samples(self) -> Iterator[Sample]:
        """Yield the images by their index."""
        columns = open_columns(self.file)
        for index in range(len(open_images(self.file))):
            try:
                values = {name: _plain(column[index]) for name, column in columns.items()}
            except (ValueError, SystemError) as error:  # a text of what are no characters
                raise MintError(
                    f"Image {index} of {self.file} has a label or another value that is no text ({error}): "
                    "save it again."
                ) from error
            yield Sample(inside_uri(self.file, index), values)


def open_images(file: Path) -> Array:
    """Map the images of an ``.npz`` file; the last few files used stay open in this process.

    Args:
        file: An ``.npz`` with ``images``. Stored uncompressed (``np.savez``) it is mapped where it
            lies; compressed, it is unpacked once a process into a temporary file that vanishes
            with the mapping.

    Returns:
        (N, H, W), (N, H, W, 1) or (N, H, W, 3), uint8, read-only.

    Raises:
        MintError: The file is missing or damaged, or its images have another shape or type.
    """
    try:
        status = file.stat()
    except OSError as error:
        raise MintError(f"{file} cannot be read ({error.strerror}): restore it.") from error
    return _open_images(file, status.st_mtime_ns, status.st_size)


def read_image(file: Path, index: int) -> Pixels:
    """Read one image of an ``.npz`` file.

    Returns:
        (H, W, 3) RGB, uint8.

    Raises:
        MintError: As ``open_images``, or there are fewer images.
    """
    images = open_images(file)
    if index >= len(images):
        raise MintError(
            f"{file} holds {len(images):,} images, so there is no image {index}: "
            "restore the file that was registered."
        )
    return as_rgb(images[index], f"{file}#{index}")


def open_columns(file: Path) -> dict[str, Array]:
    """Open every one-dimensional array that has one value an image.

    Returns:
        Name -> (N,) array of numbers, truth values or text.

    Raises:
        MintError: As ``open_images``, or such an array holds pickled Python objects.
    """
    count = len(open_images(file))
    columns = {}
    names = _members(file)
    require_few_columns(names, file)
    for name in names:
        if name != IMAGES:
            array = _map_member(file, name)
            if array.shape == (count,):
                columns[name] = array
    return columns


@lru_cache(maxsize=_OPEN_FILES)
def _open_images(file: Path, _mtime_ns: int, _bytes: int) -> Array:
    names = _members(file)
    if IMAGES not in names:
        raise MintError(
            f"{file} has no array called 'images' (it has {listed_columns(names)}): "
            "save it with np.savez(FILE, images=..., label=...)."
        )
    images = _map_member(file, IMAGES)
    right_shape = images.ndim in _IMAGE_DIMENSIONS and (
        images.ndim == 3 or images.shape[3] in (1, 3)
    )
    if images.dtype != np.uint8 or not right_shape or images.size == 0:
        raise MintError(
            f"The images of {file} have shape {images.shape} and type {images.dtype}: "
            "give uint8 of shape (N, H, W), (N, H, W, 1) or (N, H, W, 3)."
        )
    return images


def _members(file: Path) -> list[str]:
    with _open_zip(file) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _open_zip(file: Path) -> zipfile.ZipFile:
    try:
        return BoundedZip(file)
    except _DAMAGED as error:
        raise MintError(f"{file} is not a readable .npz file ({error}): save it again.") from error


def _map_member(file: Path, name: str) -> Array:
    try:
        with _open_zip(file) as archive:
            member = archive.getinfo(f"{name}.npy")
            if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & _ENCRYPTED:
                with file.open("rb") as handle:
                    handle.seek(_data_offset(handle, member))
                    return _map_npy(handle, f"{name!r} in {file}")
            return _map_unpacked(archive, member, f"{name!r} in {file}")
    except _DAMAGED as error:
        raise MintError(f"{name!r} in {file} cannot be read ({error}): save it again.") from error


def _data_offset(handle: IO[bytes], member: zipfile.ZipInfo) -> int:
    handle.seek(member.header_offset)
    header = handle.read(_LOCAL_HEADER_BYTES)
    name_bytes, extra_bytes = struct.unpack("<HH", header[26:30])
    return int(member.header_offset + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes)


def _map_unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, title: str) -> Array:
    if member.compress_type not in USUAL_METHODS:
        raise MintError(f"{title} is packed in an unusual way: save it with np.savez.")
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if member.file_size > free:
        raise MintError(
            f"{title} is compressed and needs {member.file_size:,} bytes in {folder}, "
            f"which has {free:,}: save it uncompressed with np.savez, or set TMPDIR."
        )
    with tempfile.TemporaryFile() as unpacked, archive.open(member) as packed:
        shutil.copyfileobj(packed, unpacked)
        unpacked.seek(0)
        return _map_npy(unpacked, title)


def _map_npy(handle: IO[bytes], title: str) -> Array:
    version = np.lib.format.read_magic(handle)
    readers: dict[tuple[int, int], Any] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise MintError(f"{title} has an unknown array format {version}: save it as plain values.")
    shape, column_order, dtype = readers[version](handle)
    if dtype.hasobject:
        raise MintError(
            f"{title} holds pickled Python objects, which are never loaded: "
            "save it as np.array(values, dtype=str) or as numbers."
        )
    if 0 in shape or dtype.itemsize == 0:
        return np.zeros(shape, dtype)
    if math.prod(shape) * dtype.itemsize > os.fstat(handle.fileno()).st_size - handle.tell():
        raise ValueError("it promises more bytes than there are")
    order = "F" if column_order else "C"
    return np.memmap(handle, dtype, "r", handle.tell(), shape, order)  # type: ignore[call-overload,no-any-return]


def _plain(value: np.generic) -> str | None:
    item = value.item()
    if isinstance(item, float) and math.isnan(item):  # as tables write what they do not know
        return None
    text = item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
    text.encode()  # halves of characters could be kept in no table
    return text
