"""The Zarr side of a store: one sharded array a (layer, view), written in whole shards only."""

import shutil
from pathlib import Path
from typing import Any

import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from store.bfloat16 import NAN_BITS
from store.digests import digest_file
from store.durability import flush_file
from store.errors import StoreError
from store.layout import ArraySpec, choose_layout

MAX_BLOCKS = 1_000_000
"""Blocks a store can hold. Arrays have this length from the start, so they never need a resize."""

Array = zarr.Array[Any]


def create_root(folder: Path) -> None:
    """Make the empty Zarr group ``activations.zarr`` in a (staging) folder."""
    zarr.create_group(_root(folder), zarr_format=3)


def create_array(folder: Path, spec: ArraySpec, expected_rows: int) -> None:
    """Make an empty array and force its metadata to disk."""
    add_array(zarr.open_group(_root(folder), mode="r+"), spec, expected_rows)
    _flush_metadata(array_folder(folder, spec.key), up_to=_root(folder))


def add_array(group: zarr.Group, spec: ArraySpec, expected_rows: int) -> Array:
    """Make an empty array in a group, wherever that is kept."""
    layout = choose_layout(spec.row_bytes, spec.view, expected_rows)
    zstd = [ZstdCodec(level=1)] if layout.compressed else []
    return group.create_array(
        spec.key,
        shape=(MAX_BLOCKS * layout.block_rows, *spec.shape),
        dtype=spec.stored_dtype,
        chunks=(layout.chunk_rows, *spec.shape),
        shards=(layout.shard_rows, *spec.shape),
        filters=None,
        compressors=[*zstd, Crc32cCodec()],
        fill_value=NAN_BITS if spec.dtype == "bfloat16" else float("nan"),
        chunk_key_encoding={"name": "default", "separator": "."},
        attributes={"dtype": spec.dtype},
    )


def open_array(folder: Path, spec: ArraySpec) -> Array:
    """Open an array of a store.

    Raises:
        StoreError: It is absent, damaged, or not what the spec says.
    """
    file = metadata_file(folder, spec.key)
    try:
        array = zarr.open_array(file.parent, mode="r+", zarr_format=3)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged_metadata(file, error) from error
    if array.shape[1:] != spec.shape or array.dtype != spec.stored_dtype or not array.shards:
        raise damaged_metadata(file, f"it does not say rows of {spec.shape} {spec.dtype}")
    return array


def check_metadata(folder: Path, key: str, digest: str) -> None:
    """Check every byte of an array's ``zarr.json``.

    Raises:
        StoreError: It is absent, or not what the segments say.
    """
    file = metadata_file(folder, key)
    if not file.exists():
        raise damaged_metadata(file, "there is no such file")
    if digest_file(file) != digest:
        raise damaged_metadata(file, "its digest is not the one in the index")


def damaged_metadata(file: Path, why: object) -> StoreError:
    """Say that an array's metadata cannot be used, and what to do."""
    return StoreError(f"{file} is missing or damaged ({why}): run `mint store repair`.")


def arrays_on_disk(folder: Path) -> list[str]:
    """List the keys of all arrays that have a folder, whether or not a segment names them."""
    found = (path for path in _root(folder).glob("*/*") if path.is_dir())
    return sorted(f"{path.parent.name}/{path.name}" for path in found)


def remove_array(folder: Path, key: str) -> None:
    """Delete an array that no segment names."""
    shutil.rmtree(array_folder(folder, key))


def shard_rows(array: Array) -> int:
    """Give the rows a shard."""
    return int((array.shards or array.chunks)[0])


def shard_name(array: Array, shard: int) -> str:
    """Name the file of a shard in its array's folder."""
    return ".".join(["c", str(shard), *["0"] * (array.ndim - 1)])


def shard_path(key: str, array: Array, shard: int) -> str:
    """Name the file of a shard in its store, whether or not it exists."""
    return f"{array_folder(Path(), key)}/{shard_name(array, shard)}"


def array_folder(folder: Path, key: str) -> Path:
    """Name the folder of an array."""
    return _root(folder) / key


def metadata_file(folder: Path, key: str) -> Path:
    """Name the file with an array's shape, type and codecs."""
    return array_folder(folder, key) / "zarr.json"


def _root(folder: Path) -> Path:
    return folder / "activations.zarr"


def _flush_metadata(array_folder: Path, up_to: Path) -> None:
    for folder in (array_folder, array_folder.parent, up_to):
        flush_file(folder / "zarr.json")
        flush_file(folder)
