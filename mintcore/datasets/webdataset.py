"""Images in WebDataset tars: the members of one sample follow each other and share their key.

The key is the name up to the first dot of its last part, the rest says what the member is.
Source: webdataset ``tariterators.py`` (``base_plus_ext``, ``group_by_keys``).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from mintcore.datasets.folders import IMAGE_SUFFIXES
from mintcore.datasets.sample import Sample, require_few_columns
from mintcore.datasets.tar import Member, plain_members, read_member
from mintcore.datasets.uris import inside_uri
from mintcore.errors import MintError
from mintcore.image_limits import image_limits
from mintcore.images import Pixels, decode_image

_FIRST = ("jpg", "jpeg", "png", "webp")
_IMAGES = (*_FIRST, *sorted({suffix[1:] for suffix in IMAGE_SUFFIXES} - set(_FIRST)))
_TEXTS = ("json", "txt", "cls")
_LONGEST_TEXT_BYTES = 2**20
_SAMPLES_WITH_ALL_COLUMNS = 100
_MOST_FILES = 100_000
_MOST_RANGES = 8
_RANGE = re.compile(r"\{([0-9]{1,9})\.\.([0-9]{1,9})\}")

Parts = dict[str, Member]


@dataclass(frozen=True)
class WebDatasetSource:
    """The samples with an image, of one or many tars.

    Args:
        location: The tar, the folder of tars, or the pattern, absolute.
        files: The tars.
        columns: The key, and what the first hundred samples have in .json, .txt and .cls.
    """

    location: Path
    files: tuple[Path, ...]
    columns: tuple[str, ...]

    @property
    def spec(self) -> str:
        """``webdataset:`` and the absolute path."""
        return f"webdataset:{self.location}"

    def samples(self) -> Iterator[Sample]:
        """Yield the samples in the order of the files.

        Raises:
            MintError: A tar is damaged, or a .json, .txt or .cls in it.
        """
        nothing: dict[str, str | None] = dict.fromkeys(self.columns)
        for sample in _samples(self.files):
            yield Sample(sample.uri, nothing | dict(sample.columns))


def open_webdataset(location: Path) -> WebDatasetSource:
    """Open a tar, all tars of a folder, or a pattern such as ``train-{000..099}.tar``.

    Raises:
        MintError: There is no such tar, or the first one is damaged.
    """
    files = _files(location)
    first = islice(_samples(files), _SAMPLES_WITH_ALL_COLUMNS)
    names = dict.fromkeys(name for sample in first for name in sample.columns)
    require_few_columns(tuple(names), location)
    return WebDatasetSource(location, files, tuple(names))


def read_tar_image(file: Path, offset: int, length: int) -> Pixels:
    """Read an image by its place in a tar.

    Returns:
        (H, W, 3) RGB, uint8.

    Raises:
        MintError: The file is gone, has no such member, or it is not a readable image.
    """
    name, content = read_member(file, offset, min(length, image_limits().file_bytes + 1))
    return decode_image(content, name=f"{name} in {file}")


def _files(location: Path) -> tuple[Path, ...]:
    if location.is_dir():
        found = sorted(path for path in location.iterdir() if path.suffix.lower() == ".tar")
        if not found:
            raise MintError(f"{location} has no .tar file: give the folder with the tars.")
        return tuple(found)
    if len(_RANGE.findall(str(location))) > _MOST_RANGES:
        raise MintError(f"{location} has more than {_MOST_RANGES} ranges: narrow the pattern.")
    names = list(islice(_expanded(str(location)), _MOST_FILES + 1))
    if len(names) > _MOST_FILES:
        raise MintError(f"{location} names more than {_MOST_FILES:,} files: narrow the pattern.")
    files = tuple(map(Path, names))
    for file in files:
        if not file.is_file():
            raise MintError(f"{file} is not a file: give webdataset:FILE.tar with one that exists.")
        if file.suffix.lower() != ".tar":
            raise MintError(f"{file} is not a plain .tar: unpack .tar.gz and others to one first.")
    return files


def _expanded(pattern: str) -> Iterator[str]:
    match = _RANGE.search(pattern)
    if match is None:
        yield pattern
        return
    first, last = match.groups()
    for number in range(int(first), int(last) + 1):
        middle = str(number).zfill(len(first))
        yield from _expanded(pattern[: match.start()] + middle + pattern[match.end() :])


def _samples(files: tuple[Path, ...]) -> Iterator[Sample]:
    for file in files:
        for key, members in groupby(plain_members(file), lambda member: _split(member.name)[0]):
            parts = _parts(members, file)
            image = next((parts[kind] for kind in _IMAGES if kind in parts), None)
            if image is not None:
                uri = inside_uri(file, image.offset, image.length)
                yield Sample(uri, {"key": key, **_said(parts, file)})


def _split(name: str) -> tuple[str, str]:
    """Split a name into the key of its sample and what it is of it."""
    folder, slash, last = name.rpartition("/")
    stem, _, kind = last.partition(".")
    return f"{folder}{slash}{stem}", kind.lower()


def _parts(members: Iterator[Member], file: Path) -> Parts:
    parts: Parts = {}
    for member in members:
        kind = _split(member.name)[1]
        if kind in parts:
            raise MintError(
                f"{file} has {member.name!r} twice in a row: give every sample its own key."
            )
        if kind in _IMAGES or kind in _TEXTS:
            parts[kind] = member
    return parts


def _said(parts: Parts, file: Path) -> dict[str, str | None]:
    said: dict[str, str | None] = {}
    if "json" in parts:
        said |= _scalars(_text(parts["json"], file), f"{parts['json'].name} in {file}")
    if "txt" in parts:
        said["txt"] = _text(parts["txt"], file)
    if "cls" in parts:
        said["label"] = _text(parts["cls"], file).strip()
    return said


def _text(member: Member, file: Path) -> str:
    if member.length > _LONGEST_TEXT_BYTES:
        raise MintError(
            f"{member.name} in {file} has {member.length:,} bytes of text: give at most "
            f"{_LONGEST_TEXT_BYTES:,}."
        )
    return read_member(file, member.offset, member.length)[1].decode("utf-8", "replace")


def _scalars(text: str, title: str) -> dict[str, str | None]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MintError(f"{title} is not JSON ({error}): correct it.") from error
    if not isinstance(values, dict):
        raise MintError(f"{title} is not a JSON object: give one with names and values.")
    return {
        name: None if value is None else _storable(str(value))
        for name, value in values.items()
        if value is None or isinstance(value, str | int | float)
    }


def _storable(text: str) -> str:
    """Replace the halves of characters that JSON may name alone and that no table can hold."""
    return text.encode("utf-8", "replace").decode()
