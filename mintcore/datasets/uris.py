"""How an image is named, wherever it lies, so that it can be read alone at any later time.

| uri | it is |
| --- | --- |
| ``PATH`` | an image file |
| ``FILE.npz#INDEX`` | one of the images of an array file |
| ``FILE.parquet#ROW`` | the image bytes in a row, counted over the whole file from 0 |
| ``FILE.tar#OFFSET+LENGTH`` | a member of a tar, by the place of its content in bytes |
| ``FILE.rec#OFFSET`` | the record that begins at that byte |
| ``FILE.zip#INDEX/NAME`` | an entry of a zip, counted from 0; its name is for the eye |
| ``torchvision:NAME:SPLIT:ROOT#INDEX`` | an image that torchvision holds in memory |
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mintcore.errors import MintError

Kind = Literal["file", "npz", "parquet", "tar", "rec", "zip", "torchvision"]

_KINDS: tuple[tuple[Kind, int], ...] = (
    ("npz", 1),
    ("parquet", 1),
    ("tar", 2),
    ("rec", 1),
    ("torchvision", 1),
)
_NUMBER = "[0-9]{1,18}"  # what a file can have in bytes or rows, and never too long for int()
_INSIDE = re.compile(
    r"(?P<location>(?P<scheme>(?-i:torchvision)):.+|.+\.(?P<suffix>npz|parquet|tar|rec))"
    rf"#(?P<numbers>{_NUMBER}(?:\+{_NUMBER})?)",
    re.DOTALL | re.IGNORECASE,  # FILE.TAR is a tar, too
)
_IN_ZIP = re.compile(
    rf"(?P<location>.+?\.zip)#(?P<index>{_NUMBER})(?:/.*)?", re.DOTALL | re.IGNORECASE
)


@dataclass(frozen=True)
class Address:
    """A uri, understood.

    Attributes:
        kind: What holds the image: "file" where it is a file of its own.
        location: The file; for torchvision ``NAME:SPLIT:ROOT``.
        numbers: Where inside; none for a file, offset and length for a tar.
    """

    kind: Kind
    location: str
    numbers: tuple[int, ...] = ()


def file_uri(file: Path) -> str:
    """Name an image file.

    Raises:
        MintError: The name is not UTF-8, so that no table could hold it.
    """
    text = str(file)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MintError(f"{text!r} is not a UTF-8 file name: rename the file.") from error
    return text


def inside_uri(location: Path | str, *numbers: int) -> str:
    """Name an image inside something that holds many.

    Args:
        location: The file, or ``torchvision:NAME:SPLIT:ROOT``.
        *numbers: Where inside, as the table above has it.

    Raises:
        MintError: The name is not UTF-8, so that no table could hold it.
    """
    return f"{file_uri(Path(location))}#{'+'.join(map(str, numbers))}"


def zip_uri(file: Path, index: int, name: str) -> str:
    """Name an entry of a zip.

    Raises:
        MintError: A name is not UTF-8, so that no table could hold it.
    """
    return file_uri(Path(f"{file}#{index}/{name}"))


def parse_uri(uri: str) -> Address:
    """Understand a uri; what names no image inside something is an image file."""
    if in_zip := _IN_ZIP.fullmatch(uri):
        return Address("zip", in_zip["location"], (int(in_zip["index"]),))
    match = _INSIDE.fullmatch(uri)
    if match is None:
        return Address("file", uri)
    holder = (match["scheme"] or match["suffix"]).lower()
    numbers = tuple(int(number) for number in match["numbers"].split("+"))
    for kind, count in _KINDS:
        if kind == holder and count == len(numbers):
            return Address(kind, match["location"].removeprefix("torchvision:"), numbers)
    return Address("file", uri)


def absolute_uri(uri: str, folder: Path) -> str:
    """Give a uri its absolute path, where it is relative to a folder.

    Raises:
        MintError: The name is not UTF-8.
    """
    address = parse_uri(uri)
    if address.kind == "torchvision":
        return uri
    absolute = Path(os.path.abspath(folder / address.location))
    return inside_uri(absolute, *address.numbers) if address.numbers else file_uri(absolute)
