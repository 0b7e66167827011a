"""The plain values of Parquet files, a few rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mintcore.datasets.parquet_images import open_table
from mintcore.datasets.sample import require_few_columns
from mintcore.errors import MintError

DAMAGED = (OSError, ValueError, OverflowError, pa.ArrowException)
"""What pyarrow raises on damaged or hostile files."""
LONGEST_TEXT_BYTES = 2**17
"""Of one value; as long as Python's csv lets one be."""
_ROWS = 1024


def scalar_columns(schema: pa.Schema, file: Path) -> tuple[str, ...]:
    """List the columns of texts, numbers, truth values and dates.

    Raises:
        MintError: There are too many, or two of one name.
    """
    names = tuple(field.name for field in schema if _is_scalar(field.type))
    require_few_columns(names, file)
    if len(set(names)) < len(names):
        raise MintError(f"{file} has two columns of one name: give each a name of its own.")
    return names


def scalar_rows(file: Path, names: Sequence[str]) -> Iterator[dict[str, str | None]]:
    """Yield the rows as texts; without names, as many empty ones.

    Args:
        file: The file.
        names: Some of its ``scalar_columns``.

    Raises:
        MintError: The file is damaged, or has a value that is too long.
    """
    # A text is kept once, however often it comes: a few bytes of a file can say 100 kB in each of a million rows.
    with open_table(file, names) as table:
        try:
            for batch in table.iter_batches(_ROWS, columns=list(names), use_threads=False):
                yield from _texts(batch, file)
        except DAMAGED as error:
            raise MintError(f"{file} is damaged ({error}): copy it again.") from error


def _texts(batch: pa.RecordBatch, file: Path) -> Iterator[dict[str, str | None]]:
    columns = [_values(batch, number, file) for number in range(batch.num_columns)]
    for row in range(batch.num_rows):
        values = (column[row] for column in columns)
        texts = (None if value is None else str(value) for value in values)
        yield dict(zip(batch.schema.names, texts, strict=True))


def _values(batch: pa.RecordBatch, number: int, file: Path) -> list[Any]:
    column = batch.column(number)
    if not pa.types.is_dictionary(column.type):
        return list(column.to_pylist())
    if pa.types.is_string(column.type.value_type):
        longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
        if longest > LONGEST_TEXT_BYTES:
            raise MintError(
                f"{file} has a value of {longest:,} bytes in its column {batch.schema.names[number][:60]!r}: "
                f"give at most {LONGEST_TEXT_BYTES:,}."
            )
    return list(column.dictionary_decode().to_pylist())


def _is_scalar(kind: pa.DataType) -> bool:
    return not (
        pa.types.is_nested(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
