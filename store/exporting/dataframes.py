"""Tables in the on-disk format of anndata 0.12: an array or group a column."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import zarr

from store.exporting.sample_table import is_text

CHUNK_ROWS = 2**18
"""Rows a file of a column: 84 files for 22 million images, 8 MiB of ids."""


def write_dataframe(group: zarr.Group, name: str, table: pa.Table, index: str) -> None:
    """Write a table of text and whole numbers, with one column of text as its index.

    Raises:
        OSError: The folder cannot be written.
    """
    others = [column for column in table.column_names if column != index]
    frame = group.create_group(
        name,
        attributes=encoding("dataframe", "0.2.0") | {"_index": index, "column-order": others},
    )
    _write_strings(frame, index, table[index])
    for column in others:
        _write_column(frame, column, table[column])


def encoding(kind: str, version: str) -> dict[str, Any]:
    """Give the attributes that tell anndata how to read a node."""
    return {"encoding-type": kind, "encoding-version": version}


def _write_column(frame: zarr.Group, name: str, column: pa.ChunkedArray) -> None:
    if is_text(column.type):
        _write_categorical(frame, name, column)
    elif column.null_count:
        _write_nullable(frame, name, column)
    else:
        _write_numbers(frame, name, column)


def _write_categorical(frame: zarr.Group, name: str, column: pa.ChunkedArray) -> None:
    """Text repeats, and may be absent: code -1."""
    encoded = column.cast(pa.large_string()).dictionary_encode().unify_dictionaries()
    indices = pa.chunked_array([chunk.indices for chunk in encoded.chunks])
    categories = pa.chunked_array([encoded.chunk(0).dictionary])
    attributes = encoding("categorical", "0.2.0") | {"ordered": False}
    categorical = frame.create_group(name, attributes=attributes)
    _write_strings(categorical, "categories", categories)
    code_type = pa.from_numpy_dtype(np.min_scalar_type(-max(len(categories), 1)))
    _write_numbers(categorical, "codes", pc.fill_null(indices, -1).cast(code_type))


def _write_nullable(frame: zarr.Group, name: str, column: pa.ChunkedArray) -> None:
    nullable = frame.create_group(name, attributes=encoding("nullable-integer", "0.1.0"))
    _write_numbers(nullable, "values", pc.fill_null(column, 0))
    _write_numbers(nullable, "mask", pc.is_null(column))


def _write_strings(group: zarr.Group, name: str, column: pa.ChunkedArray) -> None:
    _write_vector(group, name, column, "string", encoding("string-array", "0.2.0"))


def _write_numbers(group: zarr.Group, name: str, column: pa.ChunkedArray) -> None:
    dtype = column.type.to_pandas_dtype()
    _write_vector(group, name, column, dtype, encoding("array", "0.2.0"))


def _write_vector(
    group: zarr.Group, name: str, column: pa.ChunkedArray, dtype: Any, attributes: dict[str, Any]
) -> None:
    chunks = (max(min(CHUNK_ROWS, len(column)), 1),)
    array: zarr.Array[Any] = group.create_array(
        name, shape=(len(column),), dtype=dtype, chunks=chunks, attributes=attributes
    )
    for start in range(0, len(column), CHUNK_ROWS):
        array[start : start + CHUNK_ROWS] = column.slice(start, CHUNK_ROWS).to_numpy()
