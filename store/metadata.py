"""The ``zarr.json`` files of a store: what they must say, and how to write them again."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from store.activations import (
    Array,
    create_array,
    create_root,
    metadata_file,
    open_array,
)
from store.durability import flush_file
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
    with TemporaryDirectory() as elsewhere:
        create_root(Path(elsewhere))
        return (Path(elsewhere) / "activations.zarr" / "zarr.json").read_bytes()


def make_again(spec: ArraySpec, expected_rows: int) -> tuple[bytes, Array]:
    """Give what the ``zarr.json`` of an array holds, and the array with its metadata alone."""
    with TemporaryDirectory() as elsewhere:
        create_root(Path(elsewhere))
        create_array(Path(elsewhere), spec, expected_rows)
        content = metadata_file(Path(elsewhere), spec.key).read_bytes()
        return content, open_array(Path(elsewhere), spec)


def write_metadata(file: Path, content: bytes) -> None:
    """Write a ``zarr.json`` in one step; the caller holds the store's lock."""
    unfinished = file.with_suffix(".unfinished")
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_bytes(content)
    flush_file(unfinished)
    unfinished.rename(file)
    flush_file(file.parent)
