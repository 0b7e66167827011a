"""What lies in a store's folder without being part of the store, seen while nobody publishes.

All functions are for whoever holds the store's lock.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from store.activations import array_folder, check_metadata, open_array, shard_rows
from store.disk import file_bytes
from store.leases import dead_leases
from store.sealed import current_index, sealed_files
from store.segments import Segment, StoredArray, stored_arrays
from store.shelf import Shelf

_SHARD = re.compile(r"c\.(\d+)(\.0)+")


@dataclass(frozen=True)
class Item:
    """A file or folder that can go.

    Args:
        path: Relative to the store.
        bytes: What it takes on disk.
        why: Why nobody needs it.
    """

    path: str
    bytes: int
    why: str


def unnamed_arrays(
    shelf: Shelf, segments: Iterable[Segment], in_use: Collection[str], unwanted: Collection[str]
) -> Iterator[Item]:
    """Find arrays that no segment names and no living run writes, and layers without any array.

    Args:
        shelf: Where the store is.
        segments: What is committed.
        in_use: Keys of the arrays that living runs write.
        unwanted: Keys of the arrays that were taken out of the store.
    """
    folder, there = shelf.folder, shelf.arrays()
    named = {key for segment in segments for key in segment.arrays}
    for key in there:
        unneeded = key not in named and key not in in_use
        if unneeded and (key in unwanted or shelf.abandoned_array(key)):
            size = sum(shelf.files_of(key).values())
            yield Item(str(array_folder(Path(), key)), size, "no segment names this array")
    layers = {key.partition("/")[0] for key in there}
    for path in sorted((folder / "activations.zarr").iterdir()):
        if path.is_dir() and path.name not in layers:
            yield _item(folder, path, "there is no array in this layer")


def unnamed_shards(shelf: Shelf, block_rows: int, segments: Sequence[Segment]) -> Iterator[Item]:
    """Find shards that no segment names, in the arrays that segments name.

    Raises:
        StoreError: The metadata of an array is damaged.
    """
    found: dict[int, list[Item]] = {}
    for key, stored in stored_arrays(segments).items():
        named, shards_a_block = _named_shards(shelf.folder, block_rows, segments, stored)
        for name, size in shelf.files_of(key).items():
            match = _SHARD.fullmatch(name)
            if match and int(match[1]) not in named:
                item = Item(
                    f"{array_folder(Path(), key)}/{name}", size, "no segment names this shard"
                )
                found.setdefault(int(match[1]) // shards_a_block, []).append(item)
    committed = {segment.block for segment in segments}
    abandoned = shelf.abandoned(found.keys() - committed)
    for block in sorted(found):
        if block in committed or block in abandoned:
            yield from found[block]


def unfinished_files(folder: Path) -> Iterator[Item]:
    """Find files that were never renamed to what they were to be."""
    arrays = folder / "activations.zarr"
    patterns = (("*", "*/*", "*/*/*"), (".unfinished", ".partial"))
    in_arrays = [
        file for deep in patterns[0] for end in patterns[1] for file in arrays.glob(deep + end)
    ]
    for file in sorted(
        [*folder.glob("*.unfinished"), *folder.glob("index/*.unfinished"), *in_arrays]
    ):
        yield _item(folder, file, "a run died while it wrote this file")


def dead_runs(folder: Path, lock: Path) -> Iterator[Item]:
    """Find what runs that died have not published."""
    for path in dead_leases(folder, lock):
        yield _item(folder, path, "a run died before it published this")


def superseded_indexes(folder: Path) -> Iterator[Item]:
    """Find sealed indexes that a newer one has replaced; never the newest, whose number counts."""
    files = sealed_files(folder)
    for number, file in sorted(files.items()):
        if number < max(files) and file != current_index(folder):
            yield _item(folder, file, "a newer sealed index has replaced this one")


def remove(shelf: Shelf, items: Iterable[Item]) -> int:
    """Delete items, and layers that have no array any more; give the bytes that this freed."""
    freed = 0
    for item in items:
        shelf.remove(item.path)
        freed += item.bytes
        layer = Path(item.path).parent
        if layer.parent.name == "activations.zarr" and not _has_arrays(shelf, layer.name):
            shelf.remove(str(layer))
    return freed


def _has_arrays(shelf: Shelf, layer: str) -> bool:
    return any(key.partition("/")[0] == layer for key in shelf.arrays())


def _named_shards(
    folder: Path, block_rows: int, segments: Iterable[Segment], stored: StoredArray
) -> tuple[set[int], int]:
    """Give the shards of an array that segments name, and how many a block has."""
    key = stored.spec.key
    check_metadata(folder, key, stored.metadata_digest)
    shards_a_block = block_rows // shard_rows(open_array(folder, stored.spec))
    named = {
        segment.block * shards_a_block + shard
        for segment in segments
        if key in segment.arrays
        for shard, size in enumerate(segment.arrays[key].shard_bytes)
        if size
    }
    return named, shards_a_block


def _item(folder: Path, path: Path, why: str) -> Item:
    return Item(str(path.relative_to(folder)), _bytes(path), why)


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file_bytes(file) or 0 for file in files if not file.is_dir())
