"""Images as files that a table lists."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.datasets.sample import Sample
from mintcore.datasets.uris import absolute_uri
from mintcore.errors import MintError

_LOCATION_COLUMNS = ("path", "uri")


@dataclass(frozen=True)
class ManifestSource:
    """The rows of a table with a ``path`` or ``uri`` column, relative to the table's folder."""

    file: Path
    columns: tuple[str, ...]

    @property
    def spec(self) -> str:
        """``manifest:`` and the absolute path."""
        return f"manifest:{self.file}"

    def samples(self, base: Path | None = None) -> Iterator[Sample]:
        """Yield the rows.

        Args:
            base: The folder that relative paths start from; the table's own where not given.

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
            yield Sample(absolute_uri(value, base or self.file.parent), row)


def open_manifest(file: Path) -> ManifestSource:
    """Open a table that lists images.

    Raises:
        MintError: It is not a readable .csv or .parquet, or has no column with the images.
    """
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
    except (OSError, ValueError, OverflowError, csv.Error, pa.ArrowException) as error:
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
