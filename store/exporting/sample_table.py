"""The samples of an export: what their columns may be."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from store.errors import StoreError

SAMPLE_ID = "sample_id"

# No '/', so that no column has the name of an array, and what a Zarr node may be called.
_NAME = re.compile(r"[^\W_][\w .-]{0,99}")
_ID = "^[0-9a-f]{32}$"


def checked_samples(samples: pa.Table) -> pa.Table:
    """Check the samples, and give their texts as plain strings.

    Returns:
        The table; every column is string, large_string or an integer type.

    Raises:
        StoreError: An id is absent, odd or repeated, or a column has a name or type that cannot be
            exported.
    """
    _check_names(samples.column_names)
    columns = [_plain(name, samples[name]) for name in samples.column_names]
    _check_ids(columns[samples.column_names.index(SAMPLE_ID)])
    return pa.table(columns, names=samples.column_names)


def is_text(column_type: pa.DataType) -> bool:
    """Tell whether a column holds strings."""
    return bool(pa.types.is_string(column_type) or pa.types.is_large_string(column_type))


def _check_names(names: list[str]) -> None:
    if SAMPLE_ID not in names:
        raise StoreError(f"The samples have no column {SAMPLE_ID}: add it.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise StoreError(
                f"{name!r} cannot be a column of an export: rename it to 1 to 100 letters, digits, "
                "spaces, '.', '-' or '_', beginning with a letter or digit."
            )
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise StoreError(
                f"Two columns of the samples are called {name!r}, or differ in case alone, which "
                "DuckDB does not tell apart: rename one."
            )
        seen.add(name.casefold())


def _plain(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    elif pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if not is_text(column.type) and not pa.types.is_integer(column.type):
        raise StoreError(
            f"The column {name!r} of the samples is of type {column.type}, but exports keep text "
            "and whole numbers: convert it, or leave it out."
        )
    return column


def _check_ids(ids: pa.ChunkedArray) -> None:
    if not is_text(ids.type):
        raise StoreError(f"{SAMPLE_ID} is of type {ids.type}: give ids of 32 hex digits as text.")
    good = pc.fill_null(pc.match_substring_regex(ids, _ID), False)
    bad = ids.filter(pc.invert(good))
    if len(bad):
        raise StoreError(f"{bad[0].as_py()!r} is not a sample id of 32 hex digits: correct it.")
    if pc.count_distinct(ids).as_py() < len(ids):
        counts = pc.value_counts(ids)
        repeated = counts.field(0)[pc.index(pc.greater(counts.field(1), 1), True).as_py()]
        raise StoreError(f"The samples name {repeated} more than once: leave out the repeats.")
