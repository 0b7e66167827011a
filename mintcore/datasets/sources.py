"""Where the images of a dataset come from: a folder, a manifest file, or arrays."""

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.datasets.arrays import array_uri, open_columns, open_images, parse_array_uri
from mintcore.errors import MintError

_SUFFIXES = "avif bmp gif jpeg jpg pbm pgm png pnm ppm tif tiff webp"
IMAGE_SUFFIXES = frozenset(f".{name}" for name in _SUFFIXES.split())
_LOCATION_COLUMNS = ("path", "uri")


@dataclass(frozen=True)
class Sample:
    """One image of a source, not yet read.

    Args:
        uri: Absolute path of an image file, or ``FILE.npz#INDEX``; ``read_pixels`` reads it.
        columns: All that the source says of the image, as text; None where it says nothing.
    """

    uri: str
    columns: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def label(self) -> str | None:
        """The class, where the source has one."""
        return self.columns.get("label")

    @property
    def identity(self) -> str | None:
        """What images of one person, object or track share."""
        return self.columns.get("identity")

    @property
    def split(self) -> str | None:
        """The source's own split."""
        return self.columns.get("split")


class Source(Protocol):
    """Streams samples; the images themselves stay where they are."""

    @property
    def spec(self) -> str:
        """The source with its absolute path, as ``parse_source`` takes it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names that every sample has in ``columns``."""

    def samples(self) -> Iterator[Sample]:
        """Yield the samples, in the same order every time."""


def parse_source(spec: str) -> Source:
    """Understand ``folder:DIR``, ``manifest:FILE`` (.csv or .parquet) or ``arrays:FILE.npz``.

    Raises:
        MintError: The text is none of these, or the folder or file cannot be opened.
    """
    kind, _, location = spec.partition(":")
    kinds: dict[str, Callable[[Path], Source]] = {
        "folder": FolderSource,
        "manifest": _manifest,
        "arrays": ArraysSource,
    }
    if kind not in kinds or not location:
        raise MintError(
            f"{spec!r} is not a source of images: give folder:DIR, manifest:FILE.csv, "
            "manifest:FILE.parquet or arrays:FILE.npz."
        )
    path = Path(os.path.abspath(Path(location).expanduser()))
    if kind == "folder" and not path.is_dir():
        raise MintError(f"{path} is not a folder: give folder:DIR with a folder of images.")
    if kind != "folder" and not path.is_file():
        raise MintError(f"{path} is not a file: give {kind}:FILE with a file that exists.")
    return kinds[kind](path)


@dataclass(frozen=True)
class FolderSource:
    """All image files below a folder, sorted; a sub-folder gives its own images their label."""

    folder: Path

    @property
    def spec(self) -> str:
        """``folder:`` and the absolute path."""
        return f"folder:{self.folder}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Only the label."""
        return ("label",)

    def samples(self) -> Iterator[Sample]:
        """Yield the image files. Hidden files and other file types are passed over.

        Raises:
            MintError: A folder cannot be listed.
        """
        for folder, below, names in os.walk(self.folder, onerror=_refuse_folder):
            below.sort()
            here = Path(folder)
            label = here.name if here.parent == self.folder else None
            for name in sorted(names):
                if Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith("."):
                    yield Sample(_text(here / name), {"label": label})


@dataclass(frozen=True)
class ManifestSource:
    """The rows of a table with a ``path`` or ``uri`` column, relative to the table's folder."""

    file: Path
    columns: tuple[str, ...]

    @property
    def spec(self) -> str:
        """``manifest:`` and the absolute path."""
        return f"manifest:{self.file}"

    def samples(self) -> Iterator[Sample]:
        """Yield the rows.

        Raises:
            MintError: A row has no path, or the file is damaged.
        """
        location = next(name for name in _LOCATION_COLUMNS if name in self.columns)
        for number, row in enumerate(_rows(self.file), start=1):
            value = row.get(location)
            if not value:
                raise MintError(
                    f"Row {number} of {self.file} has no {location}: fill or remove it."
                )
            yield Sample(self._uri(value), row)

    def _uri(self, location: str) -> str:
        array = parse_array_uri(location)
        path = self.file.parent / (array[0] if array else location)
        absolute = Path(os.path.abspath(path))
        return array_uri(absolute, array[1]) if array else _text(absolute)


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
            values = {name: _plain(column[index]) for name, column in columns.items()}
            yield Sample(array_uri(self.file, index), values)


def _refuse_folder(error: OSError) -> None:
    raise MintError(f"{error.filename} cannot be listed ({error.strerror}): allow it.") from error


def _manifest(file: Path) -> ManifestSource:
    try:
        columns = _column_names(file)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise MintError(f"{file} is not a readable table ({error}): save it again.") from error
    if not set(_LOCATION_COLUMNS) & set(columns):
        raise MintError(
            f"{file} has no column 'path' or 'uri' (it has {', '.join(columns) or 'none'}): "
            "name the column with the image files 'path'."
        )
    return ManifestSource(file, columns)


def _column_names(file: Path) -> tuple[str, ...]:
    if file.suffix.lower() == ".parquet":
        return tuple(pq.read_schema(file).names)
    if file.suffix.lower() != ".csv":
        raise MintError(f"{file} is neither .csv nor .parquet: save the manifest as one of these.")
    with file.open(newline="", encoding="utf-8-sig") as handle:
        return tuple(next(csv.reader(handle), []))


def _rows(file: Path) -> Iterator[dict[str, str | None]]:
    rows = _parquet_rows(file) if file.suffix.lower() == ".parquet" else _csv_rows(file)
    try:
        yield from rows
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise MintError(f"{file} is not a readable table ({error}): save it again.") from error


def _csv_rows(file: Path) -> Iterator[dict[str, str | None]]:
    with file.open(newline="", encoding="utf-8-sig") as handle:
        for row in csv.DictReader(handle):
            # Values beyond the last heading come under None; empty cells say nothing.
            yield {name: row[name] or None for name in row if name is not None}


def _parquet_rows(file: Path) -> Iterator[dict[str, str | None]]:
    with pq.ParquetFile(file) as table:
        for batch in table.iter_batches():
            for row in batch.to_pylist():
                yield {name: None if value is None else str(value) for name, value in row.items()}


def _plain(value: np.generic) -> str:
    item = value.item()
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)


def _text(path: Path) -> str:
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MintError(f"{text!r} is not a UTF-8 file name: rename the file.") from error
    return text
