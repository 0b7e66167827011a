"""The ``zarr.json`` files of a store: what they must say, and how to write them again."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import zarr
from zarr.abc.buffer import Buffer
from zarr.storage import MemoryStore

from store.activations import Array, add_array, metadata_file
from store.durability import put_in_place
from store.layout import ArraySpec


def group_files(folder: Path, keys: Iterable[str]) -> list[Path]:
    """Name the ``zarr.json`` of the groups that some arrays are in: the root, and a layer each."""
    layers = {metadata_file(folder, key).parent.parent for key in keys}
    return [group / "zarr.json" for group in (folder / "activations.zarr", *sorted(layers))]


def is_group(file: Path) -> bool:
    """Tell whether the ``zarr.json`` of a group says what it must."""
    try:
        return bool(json.loads(file.read_bytes()) == json.loads(group_content()))
    except (OSError, ValueError):
        return False


@cache
def group_content() -> bytes:
    """Give what the ``zarr.json`` of a group holds."""
    files: dict[str, Buffer] = {}
    zarr.create_group(MemoryStore(files), zarr_format=3)
    return files["zarr.json"].to_bytes()


def make_again(spec: ArraySpec, expected_rows: int) -> tuple[bytes, Array]:
    """Give what the ``zarr.json`` of an array holds, and the array with its metadata alone."""
    files: dict[str, Buffer] = {}
    group = zarr.create_group(MemoryStore(files), zarr_format=3)
    array = add_array(group, spec, expected_rows)
    return files[f"{spec.key}/zarr.json"].to_bytes(), array


def write_metadata(file: Path, content: bytes) -> None:
    """Write a ``zarr.json`` in one step; the caller holds the store's lock."""
    unfinished = file.with_suffix(".unfinished")
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_bytes(content)
    put_in_place(unfinished, file)
