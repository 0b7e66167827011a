"""The Zarr side of a store: one sharded array a (layer, view), written in whole shards only."""

import importlib.util
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from store.durability import flush_file
from store.errors import StoreError
from store.layout import ArraySpec, choose_layout

MAX_BLOCKS = 1_000_000
"""Blocks a store can hold. Arrays have this length from the start, so they never need a resize."""

Array = zarr.Array[Any]

if importlib.util.find_spec("zarrs") is not None:
    zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"})


def create_root(folder: Path) -> None:
    """Make the empty Zarr group ``activations.zarr`` in a (staging) folder."""
    zarr.create_group(_root(folder), zarr_format=3)


def create_array(folder: Path, spec: ArraySpec, block_rows: int) -> None:
    """Make an empty array and force its metadata to disk."""
    layout = choose_layout(spec.row_bytes, block_rows)
    # zstd pays for maps, not for vectors of float16
    zstd = [ZstdCodec(level=1)] if len(spec.shape) > 1 else []
    zarr.open_group(_root(folder), mode="r+").create_array(
        spec.key,
        shape=(MAX_BLOCKS * block_rows, *spec.shape),
        dtype=spec.dtype,
        chunks=(layout.chunk_rows, *spec.shape),
        shards=(layout.shard_rows, *spec.shape),
        filters=None,
        compressors=[*zstd, Crc32cCodec()],
        fill_value=0 if spec.dtype == "uint8" else float("nan"),
        chunk_key_encoding={"name": "default", "separator": "."},
    )
    _flush_metadata(_array_folder(folder, spec.key), up_to=_root(folder))


def open_array(folder: Path, spec: ArraySpec) -> Array:
    """Open an array of a store.

    Raises:
        StoreError: It is absent, damaged, or not what the spec says.
    """
    array_folder = _array_folder(folder, spec.key)
    try:
        array = zarr.open_array(array_folder, mode="r+", zarr_format=3)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{array_folder / 'zarr.json'} is missing or damaged ({error}): restore the store from "
            "a backup, or delete it and extract again."
        ) from error
    if array.shape[1:] != spec.shape or array.dtype != np.dtype(spec.dtype) or not array.shards:
        raise StoreError(
            f"{array_folder / 'zarr.json'} does not fit the index, which says rows of {spec.shape} "
            f"{spec.dtype}: restore the store from a backup, or delete it and extract again."
        )
    return array


def unfinished_arrays(folder: Path, committed: Collection[str]) -> list[str]:
    """List the arrays on disk that no segment names: what a crashed or failed attempt left."""
    found = (path for path in _root(folder).glob("*/*") if path.is_dir())
    keys = sorted(f"{path.parent.name}/{path.name}" for path in found)
    return [key for key in keys if key not in committed]


def remove_array(folder: Path, key: str) -> None:
    """Delete an unfinished array."""
    shutil.rmtree(_array_folder(folder, key))


def for_writing(array: Array) -> Array:
    """Give the array with a codec pipeline that writes the same bytes every time.

    With several threads, zarrs puts the chunks of a shard in the order in which they get ready.
    Callers write several shards at once instead.
    """
    with zarr.config.set({"threading.max_workers": 1}):
        # Not zarr.open_array: that would also size zarr's own, lasting thread pool to one.
        return zarr.Array(zarr.AsyncArray(array.metadata, array.store_path))


def shard_rows(array: Array) -> int:
    """Give the rows a shard."""
    return int((array.shards or array.chunks)[0])


def shard_file(folder: Path, key: str, array: Array, shard: int) -> Path:
    """Name the file of a shard, whether or not it exists."""
    name = ".".join(["c", str(shard), *["0"] * (array.ndim - 1)])
    return _array_folder(folder, key) / name


def _root(folder: Path) -> Path:
    return folder / "activations.zarr"


def _array_folder(folder: Path, key: str) -> Path:
    return _root(folder) / key


def _flush_metadata(array_folder: Path, up_to: Path) -> None:
    for folder in (array_folder, array_folder.parent, up_to):
        flush_file(folder / "zarr.json")
        flush_file(folder)
