"""Reading rows of an array: each chunk once, every checksum checked, nothing missing unnoticed."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from store.activations import Array, shard_file, shard_rows
from store.errors import StoreError


def read_rows(
    folder: Path, key: str, array: Array, shard_bytes: Mapping[int, int], rows: np.ndarray
) -> np.ndarray:
    """Read rows of an array in any order.

    Args:
        folder: The store.
        key: The array's key.
        array: The array.
        shard_bytes: Size of every committed shard; 0 for one without a file, all fill value.
        rows: (N,) int64 row numbers of committed blocks, in any order, repeated or not.

    Returns:
        (N, *shape) values in the order of ``rows``.

    Raises:
        StoreError: A shard is missing or damaged; the message names its file.
    """
    in_order = bool(np.all(rows[1:] >= rows[:-1]))
    order = np.arange(len(rows)) if in_order else np.argsort(rows, kind="stable")
    rows = rows[order]
    out = np.empty((len(rows), *array.shape[1:]), array.dtype)
    for start, stop in _runs(rows, array.chunks[0], shard_rows(array)):
        shard = int(rows[start]) // shard_rows(array)
        file = shard_file(folder, key, array, shard)
        _require_whole(file, shard_bytes[shard])
        values = _read_run(array, rows[start:stop], file)
        out[slice(start, stop) if in_order else order[start:stop]] = values
    return out


def _runs(rows: np.ndarray, chunk_rows: int, shard_rows: int) -> Iterator[tuple[int, int]]:
    """Cut sorted rows where a chunk is left out or the next shard begins."""
    if not len(rows):
        return
    cut = (np.diff(rows // chunk_rows) > 1) | (np.diff(rows // shard_rows) > 0)
    edges = [0, *(np.flatnonzero(cut) + 1).tolist(), len(rows)]
    yield from pairwise(edges)


def _require_whole(file: Path, expected_bytes: int) -> None:
    """Zarr reads a missing shard as fill values, without a word."""
    found_bytes = file.stat().st_size if file.exists() else 0
    if found_bytes != expected_bytes:
        raise _damaged(file, f"it has {found_bytes} of {expected_bytes} bytes")


def _read_run(array: Array, rows: np.ndarray, file: Path) -> np.ndarray:
    """Read sorted rows of adjacent chunks of one shard.

    Whole chunks are read even for one row: for less than a chunk, zarrs skips the checksum.
    """
    chunk_rows = array.chunks[0]
    first = int(rows[0]) // chunk_rows * chunk_rows
    last = (int(rows[-1]) // chunk_rows + 1) * chunk_rows
    try:
        values: np.ndarray = np.asarray(array[first:last])
    except (OSError, RuntimeError, ValueError) as error:
        raise _damaged(file, str(error)) from error
    within = rows - first
    if np.all(np.diff(within) == 1):
        return values[within[0] : within[-1] + 1]
    return np.take(values, within, axis=0)


def _damaged(file: Path, why: str) -> StoreError:
    return StoreError(
        f"{file} is damaged ({why}): restore the store from a backup, or delete it and extract "
        "again."
    )
