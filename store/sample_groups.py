"""Samples tables a row group at a time: some columns of all rows, or whole rows, in the memory of one row group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import StoreError
from store.samples import LOOKS_SCHEMA


@dataclass(frozen=True)
class SampleGroup:
    """One row group of a samples table.

    Attributes:
        file: The open table.
        number: Which group.
    """

    file: pq.ParquetFile
    number: int

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read some columns of ``LOOKS_SCHEMA``; what a table of an earlier version lacks is null.

        Raises:
            StoreError: The file is damaged.
        """
        there = set(self.file.schema_arrow.names)
        known = [name for name in columns if name in there]
        try:
            table = self.file.read_row_group(self.number, columns=known)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"A samples table is damaged ({error}): register the dataset again."
            ) from error
        for name in columns:
            if name not in there:
                field = LOOKS_SCHEMA.field(name)
                table = table.append_column(field, pa.nulls(len(table), field.type))
        return table.select(list(columns))

    def rows(self, positions: np.ndarray) -> list[dict[str, Any]]:
        """Read whole rows by their positions in the group, with what they look like."""
        return list(self.read(LOOKS_SCHEMA.names).take(pa.array(positions)).to_pylist())


def sample_groups(file: Path) -> Iterator[SampleGroup]:
    """Go through the row groups of a samples table; each can be read until the loop ends.

    Raises:
        StoreError: The file is absent or damaged.
    """
    with _opened(file) as table:
        for number in range(table.num_row_groups):
            yield SampleGroup(table, number)


def sample_row(file: Path, position: int) -> dict[str, Any]:
    """Read one row of a samples table, of which only its row group is read.

    Args:
        file: The samples table.
        position: The row, from 0.

    Raises:
        StoreError: The file is absent or damaged, or has no such row.
    """
    with _opened(file) as table:
        before = 0
        for number in range(table.num_row_groups):
            rows = table.metadata.row_group(number).num_rows
            if before <= position < before + rows:
                return SampleGroup(table, number).rows(np.array([position - before]))[0]
            before += rows
    raise StoreError(f"{file} has {before:,} images: there is none with number {position + 1:,}.")


def _opened(file: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{file} is not a readable samples table ({error}): register the dataset again."
        ) from error
