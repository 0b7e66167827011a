"""Datasets published as Parquet with the encoded images inside, as Hugging Face does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mintcore.datasets.parquet_images import image_column, open_table
from mintcore.datasets.parquet_rows import scalar_columns, scalar_rows
from mintcore.datasets.sample import Sample
from mintcore.datasets.uris import inside_uri
from mintcore.errors import MintError

_SHARD = re.compile(r"(?P<split>.+?)-[0-9]{5}-of-[0-9]{5}(-[0-9a-f]+)?", re.IGNORECASE)


@dataclass(frozen=True)
class ParquetSource:
    """The rows of one Parquet file, or of all in a folder.

    Args:
        location: The file or folder.
        files: The files.
        scalars: The columns of plain values.
    """

    location: Path
    files: tuple[Path, ...]
    scalars: tuple[str, ...]

    @property
    def spec(self) -> str:
        """``parquet:`` and the absolute path."""
        return f"parquet:{self.location}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of plain values, and the split where the names of the files say it."""
        return self.scalars if "split" in self.scalars else (*self.scalars, "split")

    def samples(self) -> Iterator[Sample]:
        """Yield the rows, without reading an image.

        Raises:
            MintError: A file is damaged, or has other columns than the first.
        """
        for file in self.files:
            split = _split(file)
            for row, values in enumerate(_rows(file, self.scalars)):
                yield Sample(inside_uri(file, row), {"split": split, **values})


def open_parquet(location: Path) -> ParquetSource:
    """Open a Parquet file with images inside, or a folder of such files.

    Raises:
        MintError: There is none, or the first one has no images inside.
    """
    files = _files(location)
    with open_table(files[0]) as table:
        image_column(table.schema_arrow, files[0])
        scalars = scalar_columns(table.schema_arrow, files[0])
    return ParquetSource(location, files, scalars)


def _files(location: Path) -> tuple[Path, ...]:
    if location.is_dir():
        found = sorted(path for path in location.iterdir() if path.suffix.lower() == ".parquet")
        if not found:
            raise MintError(f"{location} has no .parquet file: give the folder with the files.")
        return tuple(found)
    if not location.is_file() or location.suffix.lower() != ".parquet":
        raise MintError(f"{location} is no .parquet file: give parquet:FILE.parquet or its folder.")
    return (location,)


def _rows(file: Path, scalars: tuple[str, ...]) -> Iterator[dict[str, str | None]]:
    with open_table(file) as table:
        image_column(table.schema_arrow, file)
        missing = [name for name in scalars if name not in table.schema_arrow.names]
        if missing:
            raise MintError(
                f"{file} has no column {missing[0]!r}, which the first file of its folder has: "
                "give the files one by one, or a folder of one kind."
            )
    yield from scalar_rows(file, scalars)


def _split(file: Path) -> str | None:
    """Give the split of a file named as Hugging Face names them: train-00000-of-00005.parquet."""
    match = _SHARD.fullmatch(file.stem)
    return match["split"] if match else None
