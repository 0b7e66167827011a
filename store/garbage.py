"""Garbage collection: what is no part of a store goes, and whole arrays that nobody wants."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from store.activations import array_folder, check_metadata, open_array, shard_rows
from store.blocks import block_files, read_source
from store.errors import StoreError
from store.feature_store import FeatureStore
from store.leases import arrays_in_use
from store.leftovers import (
    Item,
    dead_runs,
    remove,
    superseded_indexes,
    unfinished_files,
    unnamed_arrays,
    unnamed_shards,
)
from store.lock import exclusive
from store.rewriting import Block, Loss, rewrite
from store.sealed import current_index, remove_pointer, sealed_files
from store.segments import Segment, stored_arrays
from store.snapshot import Footers, require_segments


@dataclass(frozen=True)
class Garbage:
    """What can go from a store.

    Args:
        items: Files and folders.
        keys: The arrays that are to be taken out of the store; their folders are among the items.
    """

    items: tuple[Item, ...]
    keys: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """What all of it takes on disk."""
        return sum(item.bytes for item in self.items)


def find_garbage(store: FeatureStore, keys: Collection[str] = ()) -> Garbage:
    """Find what dead runs have left and what newer files have replaced; nothing is changed.

    Args:
        store: The store.
        keys: Arrays that are not wanted any more.

    Raises:
        StoreError: The index is damaged, there is no such array, or a living run writes it.
    """
    store.shelf.refresh(at_once=True)
    with exclusive(store.folder) as lock:
        segments = _segments(store)
        _check_keys(store.folder, segments, keys, lock)
        without = [reduce(Segment.without, keys, segment) for segment in segments]
        unwanted = {str(array_folder(Path(), key)) for key in keys}
        items = [
            replace(item, why="this array is not wanted any more")
            if item.path in unwanted
            else item
            for item in _leftovers(store, without, keys, lock)
        ]
        return Garbage(tuple(items), tuple(sorted(keys)))


def remove_garbage(store: FeatureStore, garbage: Garbage) -> int:
    """Delete garbage that is still garbage, and give the bytes that this freed.

    Killed at any moment, it leaves a whole store, perhaps with more garbage.

    Raises:
        StoreError: The index is damaged, or a living run writes one of the arrays.
    """
    store.shelf.refresh(at_once=True)
    try:
        with exclusive(store.folder) as lock:
            freed = _remove(store, garbage, lock)
    except OSError as error:
        raise StoreError(
            f"The store {store.folder} could not be cleaned ({error}): nothing that is in "
            "use was deleted; try again when that is mended."
        ) from error
    if sealed_files(store.folder) and current_index(store.folder) is None:
        store.seal()
    return freed


def _remove(store: FeatureStore, garbage: Garbage, lock: Path) -> int:
    segments = _segments(store)
    _check_keys(store.folder, segments, garbage.keys, lock)
    if garbage.keys:
        remove_pointer(store.folder)
        _take_out(store, segments, garbage.keys)
    still = {item.path for item in _leftovers(store, _segments(store), garbage.keys, lock)}
    return remove(store.shelf, [item for item in garbage.items if item.path in still])


def _segments(store: FeatureStore) -> Sequence[Segment]:
    snapshot = Footers(store.folder, store.block_rows).snapshot()
    require_segments(snapshot)
    return snapshot.segments


def _check_keys(
    folder: Path, segments: Sequence[Segment], keys: Collection[str], lock: Path
) -> None:
    there = {key for segment in segments for key in segment.arrays}
    if strange := set(keys) - there:
        known = ", ".join(sorted(there)) or "nothing yet"
        raise StoreError(f"The store {folder} has no {min(strange)}; it has {known}.")
    if written := set(keys) & arrays_in_use(folder, lock):
        raise StoreError(
            f"Another run is writing {min(written)} to the store {folder}: wait until it has ended."
        )


def _leftovers(
    store: FeatureStore, segments: Sequence[Segment], unwanted: Collection[str], lock: Path
) -> Iterator[Item]:
    folder = store.folder
    yield from unnamed_arrays(store.shelf, segments, arrays_in_use(folder, lock), unwanted)
    yield from unnamed_shards(store.shelf, store.block_rows, segments)
    yield from unfinished_files(folder)
    yield from dead_runs(folder, lock)
    yield from superseded_indexes(folder)


def _take_out(store: FeatureStore, segments: Sequence[Segment], keys: Collection[str]) -> None:
    """Write the segments again without some arrays."""
    stored = stored_arrays(segments)
    rows = {}
    for key in stored.keys() - set(keys):
        check_metadata(store.folder, key, stored[key].metadata_digest)
        rows[key] = shard_rows(open_array(store.folder, stored[key].spec))
    for number, files in block_files(store.folder).items():
        sources = [read_source(file, store.block_rows) for file in files]
        if any(source.segment.holds(keys) for source in sources):
            block = Block(number, store.block_rows, sources)
            stop = block.first_row + store.block_rows
            losses = [Loss(key, block.first_row, stop) for key in keys]
            rewrite(store.shelf, block, losses, rows)
