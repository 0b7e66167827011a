"""Parquet: one table, a row an image, a column of fixed-size lists an array."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.exporting.manifest import describe, described_file, write_manifest
from store.exporting.sample_table import is_text
from store.exporting.selection import Activations, Selection, window_rows, windows

MAX_ROW_GROUP_ROWS = 65_536


def write_parquet(selection: Selection, folder: Path) -> None:
    """Write ``activations.parquet``, row group by row group, and the manifest.

    Raises:
        StoreError: The store is damaged.
        OSError: The folder cannot be written.
    """
    file = folder / "activations.parquet"
    _write_table(selection, file)
    facts = describe(selection, "parquet")
    written = described_file(file)
    for array, fact in zip(selection.arrays, facts["arrays"], strict=True):
        fact.update(written | {"column": array.key})
    write_manifest(folder, facts)


def _write_table(selection: Selection, file: Path) -> None:
    samples = selection.samples
    schema = pa.schema([*samples.schema, *(_field(array) for array in selection.arrays)])
    group_rows = window_rows(sum(array.row_bytes for array in selection.arrays))
    group_rows = min(group_rows, MAX_ROW_GROUP_ROWS)
    # no byte stream split: DuckDB 2.0 does not read it in float16
    with pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[field.name for field in samples.schema if is_text(field.type)],
        write_statistics=samples.column_names,
    ) as writer:
        for start, stop in windows(selection.images, group_rows):
            lists = [_lists(array, start, stop) for array in selection.arrays]
            columns = samples.slice(start, stop - start).columns
            table = pa.table([*columns, *lists], schema=schema)
            writer.write_table(table, row_group_size=group_rows)


def _field(array: Activations) -> pa.Field:
    """Give a column of D values a row, with the row's shape as JSON in its metadata."""
    value = pa.field("element", pa.from_numpy_dtype(array.dtype), nullable=False)
    shape = {"shape": json.dumps(array.shape)}
    return pa.field(array.key, pa.list_(value, array.width), nullable=False, metadata=shape)


def _lists(array: Activations, start: int, stop: int) -> pa.FixedSizeListArray:
    values = pa.array(array.read(start, stop).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(values, type=_field(array).type)
