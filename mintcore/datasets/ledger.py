"""Ledgers: lists of the images that a model was trained on, by content or by name."""

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mintcore.datasets.csv_rows import csv_rows
from mintcore.datasets.parquet_images import open_table
from mintcore.datasets.parquet_rows import DAMAGED, scalar_columns, scalar_rows
from mintcore.datasets.sample import listed_columns
from mintcore.errors import MintError
from store.artefacts import Home

LEDGER_FILE = "ledger.parquet"
OF_MODEL = "model:"
_SAMPLE_ID = re.compile(r"[0-9a-f]{32}")
_NAME_COLUMNS = ("sample_id", "uri", "path", "name")
_SEEN = "times_seen"


@dataclass
class Ledger:
    """The images that a model was trained on.

    Attributes:
        file: Where they are listed.
        sample_ids: Those that are listed by content.
        names: Those that are listed by name: whole paths or uris, or the last parts of them.
    """

    file: Path
    sample_ids: frozenset[str]
    names: frozenset[str]
    _named: dict[str, str] = field(default_factory=dict)

    def names_image(self, uri: str) -> bool:
        """Tell whether an image is listed by name.

        Raises:
            MintError: The name it is listed by is also that of another image that was asked for.
        """
        entry = next((name for name in _endings(uri) if name in self.names), None)
        if entry is None:
            return False
        if self._named.setdefault(entry, uri) != uri:
            raise MintError(
                f"{entry!r} in {self.file} names both {self._named[entry]} and {uri}: list more of "
                "their paths, or sample ids."
            )
        return True

    @property
    def entries(self) -> int:
        """How many images are listed."""
        return len(self.sample_ids) + len(self.names)


def ledger_file(home: Home, where: str) -> Path:
    """Find a ledger.

    Args:
        home: Where models are.
        where: The file, or ``model:NAME`` for the ledger of a model that was trained here.

    Raises:
        MintError: There is no such file, or the model was not trained here.
        StoreError: There is no such model.
    """
    if where.startswith(OF_MODEL):
        model = where.removeprefix(OF_MODEL)
        home.card("models", model)
        file = home.folder("models", model) / LEDGER_FILE
        if not file.is_file():
            raise MintError(
                f"The model {model!r} has no ledger, since it was not trained here: give ledger:FILE "
                "with a list of its training images."
            )
        return file
    file = Path(os.path.abspath(Path(where).expanduser()))
    if not file.is_file():
        raise MintError(f"{file} is not a file: give ledger:FILE with a list of training images.")
    return file


def read_ledger(file: Path) -> Ledger:
    """Read a ledger.

    Args:
        file: Text with one image a line, or a table (.csv, .parquet) with a column ``sample_id``,
            ``uri``, ``path`` or ``name``. Where it has a column ``times_seen``, rows of 0 are left out.

    Raises:
        MintError: The file cannot be read, has no such column, or lists nothing.
    """
    try:
        entries = set(_entries(file))
    except (*DAMAGED, csv.Error) as error:
        raise MintError(f"{file} is not a readable ledger ({error}): save it again.") from error
    if not entries:
        raise MintError(f"{file} lists no training image: give a list with one or more.")
    sample_ids = frozenset(entry for entry in entries if _SAMPLE_ID.fullmatch(entry))
    return Ledger(file, sample_ids, frozenset(entries - sample_ids))


def _entries(file: Path) -> Iterator[str]:
    suffix = file.suffix.lower()
    if suffix not in {".csv", ".parquet"}:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
        yield from (_plain(line.strip(), file.parent) for line in lines if line.strip())
        return
    for row in csv_rows(file) if suffix == ".csv" else _parquet_rows(file):
        column = next((name for name in _NAME_COLUMNS if name in row), None)
        if column is None:
            raise MintError(
                f"{file} has no column {', '.join(_NAME_COLUMNS[:-1])} or {_NAME_COLUMNS[-1]} (it has "
                f"{listed_columns(list(row))}): name the column with the training images so."
            )
        entry = row[column]
        if entry and (_SEEN not in row or float(row[_SEEN] or 0) > 0):
            yield _plain(entry, file.parent)


def _plain(entry: str, folder: Path) -> str:
    above = entry.startswith("../")
    return os.path.normpath(folder / entry) if above else entry.removeprefix("./")


def _parquet_rows(file: Path) -> Iterator[dict[str, str | None]]:
    wanted = {*_NAME_COLUMNS, _SEEN}
    with open_table(file) as table:
        there = scalar_columns(table.schema_arrow, file)
    columns = [name for name in there if name in wanted]
    yield from scalar_rows(file, columns or there[:1])


def _endings(uri: str) -> Iterator[str]:
    """Give the uri, then ever fewer of its last parts."""
    yield uri
    start = uri.find("/")
    while start >= 0:
        yield uri[start + 1 :]
        start = uri.find("/", start + 1)
