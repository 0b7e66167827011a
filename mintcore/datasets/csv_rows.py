"""Rows of CSV files, none of which takes more memory than a row of any sensible table."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Self, TextIO

from mintcore.datasets.sample import require_few_columns
from mintcore.errors import MintError

MOST_ROW_CHARACTERS = 2**20


def csv_columns(file: Path) -> tuple[str, ...]:
    """Read the headings of a CSV file; none where it is empty.

    Raises:
        MintError: There are too many, or they take too many characters.
        OSError, UnicodeDecodeError, csv.Error: It cannot be read.
    """
    columns = tuple(next(_rows(file), []))
    require_few_columns(columns, file)
    return columns


def csv_rows(file: Path) -> Iterator[dict[str, str | None]]:
    """Yield the rows by their headings; empty and missing cells are None, and cells beyond the last heading left out.

    Raises:
        MintError: There are too many headings, or a row takes too many characters.
        OSError, UnicodeDecodeError, csv.Error: It cannot be read.
    """
    columns = csv_columns(file)
    nothing: dict[str, str | None] = dict.fromkeys(columns)
    rows = _rows(file)
    next(rows, None)
    for row in rows:
        yield nothing | {name: value or None for name, value in zip(columns, row, strict=False)}


def _rows(file: Path) -> Iterator[list[str]]:
    with file.open(newline="", encoding="utf-8-sig") as handle:
        lines = _Lines(handle, file)
        for row in csv.reader(lines):
            lines.taken = 0
            if row:
                yield row


class _Lines:
    """The lines of a file, refused where those since ``taken`` was last set to 0 are too long for one row."""

    def __init__(self, handle: TextIO, file: Path) -> None:
        self._handle, self._file, self._number = handle, file, 0
        self.taken = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._handle.readline(MOST_ROW_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.taken += len(line)
        if self.taken > MOST_ROW_CHARACTERS:
            raise MintError(
                f"The row at line {self._number:,} of {self._file} has more than {MOST_ROW_CHARACTERS:,} characters: "
                "it is no table of images, or a quotation mark is not closed; save it again."
            )
        return line
