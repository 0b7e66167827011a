"""Images as files that a table lists."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mintcore.datasets.csv_rows import csv_columns, csv_rows
from mintcore.datasets.parquet_images import open_table
from mintcore.datasets.parquet_rows import DAMAGED, scalar_columns, scalar_rows
from mintcore.datasets.sample import Sample, listed_columns
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
    except (*DAMAGED, csv.Error) as error:
        raise MintError(f"{file} is not a readable table ({error}): save it again.") from error
    if not set(_LOCATION_COLUMNS) & set(columns):
        raise MintError(
            f"{file} has no column 'path' or 'uri' (it has {listed_columns(columns)}): "
            "name the column with the image files 'path'."
        )
    return ManifestSource(file, columns)


def _column_names(file: Path) -> tuple[str, ...]:
    if file.suffix.lower() == ".parquet":
        with open_table(file) as table:
            return scalar_columns(table.schema_arrow, file)
    if file.suffix.lower() != ".csv":
        raise MintError(f"{file} is neither .csv nor .parquet: save the manifest as one of these.")
    return csv_columns(file)


def _rows(file: Path) -> Iterator[dict[str, str | None]]:
    rows = _parquet_rows(file) if file.suffix.lower() == ".parquet" else csv_rows(file)
    try:
        yield from rows
    except (*DAMAGED, csv.Error) as error:
        raise MintError(f"{file} is not a readable table ({error}): save it again.") from error


def _parquet_rows(file: Path) -> Iterator[dict[str, str | None]]:
    with open_table(file) as table:
        columns = scalar_columns(table.schema_arrow, file)
    yield from scalar_rows(file, columns)
