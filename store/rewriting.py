"""Writing the segments of a block again, less what is lost or not wanted.

Segments never change but here. The caller holds the store's lock and has removed the pointer to the
sealed index. Whatever the moment at which it is killed: every row that stays is in a segment, and
doing the same again comes to the same end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from store.blocks import Source, as_rows
from store.durability import flush_file
from store.segments import Segment, StoredArray, segment_name, write_segment
from store.shelf import Shelf


@dataclass(frozen=True)
class Loss:
    """Rows that an array loses.

    Args:
        key: The array.
        start: The first row.
        stop: The row after the last.
    """

    key: str
    start: int
    stop: int


@dataclass(frozen=True)
class Block:
    """What the segments of a block have, row by row.

    Args:
        number: The block's number.
        rows: Rows a block.
        sources: Its segments, as far as they are whole, all of them files.
    """

    number: int
    rows: int
    sources: Sequence[Source]

    @property
    def first_row(self) -> int:
        """Its first row."""
        return self.number * self.rows

    def array_keys(self) -> list[str]:
        """List the arrays."""
        return list(dict.fromkeys(key for s in self.sources for key in s.segment.arrays))

    def places(self, source: Source) -> slice:
        """Give the places in the block that a segment has."""
        segment = source.segment
        return slice(segment.first_row - self.first_row, segment.stop_row - self.first_row)

    def held(self, key: str) -> np.ndarray:
        """Tell which rows are in an array, (rows,) bool."""
        found = np.zeros(self.rows, bool)
        for source in self.sources:
            if key in source.segment.arrays:
                found[self.places(source)] = True
        return found

    def disputed(self) -> np.ndarray:
        """Tell of which rows two segments say different things, (rows,) bool."""
        known = np.full(self.rows, "", object)
        found = np.zeros(self.rows, bool)
        for source in self.sources:
            columns = [source.rows["sample_id"], source.rows["status"].cast(pa.string())]
            said = pc.binary_join_element_wise(*columns, " ").to_numpy()
            places = self.places(source)
            found[places] |= (known[places] != "") & (known[places] != said)
            known[places] = said
        return found

    def table(self, start: int, stop: int) -> pa.Table:
        """Give the rows from place ``start`` up to ``stop``, each from the first segment that has it."""
        owners = np.full(self.rows, -1)
        for number, source in reversed(list(enumerate(self.sources))):
            owners[self.places(source)] = number
        edges = [start, *(start + 1 + np.flatnonzero(np.diff(owners[start:stop]))).tolist(), stop]
        pieces = []
        for first, last in pairwise(edges):
            source = self.sources[owners[first]]
            pieces.append(source.rows.slice(first - self.places(source).start, last - first))
        return as_rows(pa.concat_tables(pieces))


def rewrite(
    shelf: Shelf, block: Block, losses: Iterable[Loss], shard_rows: Mapping[str, int]
) -> dict[str, int]:
    """Write the segments of a block again without some rows of some arrays.

    A segment that loses nothing is left as it is. Files that are no segment of the block afterwards
    are deleted last. Rows that two segments dispute are lost to all arrays.

    Args:
        shelf: Where the store is.
        block: The block.
        losses: What it loses.
        shard_rows: Rows a shard of every array that keeps rows.

    Returns:
        For every array how many rows it lost.
    """
    kept = _kept(block, losses)
    targets = list(_targets(block, kept, shard_rows))
    existing = {source.segment.name: source.segment for source in block.sources}
    # The last rows first: what the file that is replaced had beyond its new rows is there by then.
    for segment in reversed(targets):
        if existing.get(segment.name) != segment:
            start = segment.first_row - block.first_row
            write_segment(shelf.folder, segment, block.table(start, start + segment.rows))
            shelf.share(f"index/{segment.name}")
    _remove_others(shelf, block, targets)
    lost = {key: int(np.sum(block.held(key) & ~rows)) for key, rows in kept.items()}
    return {key: rows for key, rows in lost.items() if rows}


def _kept(block: Block, losses: Iterable[Loss]) -> dict[str, np.ndarray]:
    """Tell which rows stay in every array, (rows,) bool by key."""
    believed = ~block.disputed()
    kept = {key: block.held(key) & believed for key in block.array_keys()}
    for loss in losses:
        start, stop = (max(row - block.first_row, 0) for row in (loss.start, loss.stop))
        if loss.key in kept:
            kept[loss.key][start:stop] = False
    return kept


def _targets(
    block: Block, kept: Mapping[str, np.ndarray], shard_rows: Mapping[str, int]
) -> Iterator[Segment]:
    """Give the segments that the block is to have: as long as all rows are in the same arrays."""
    if not kept:
        return
    stored = {
        key: _stored(block, key, rows, shard_rows[key]) for key, rows in kept.items() if rows.any()
    }
    matrix = np.stack(list(kept.values()))
    changes = np.flatnonzero((matrix[:, 1:] != matrix[:, :-1]).any(axis=0)) + 1
    for start, stop in pairwise([0, *changes.tolist(), block.rows]):
        arrays = {key: stored[key] for key, rows in kept.items() if rows[start]}
        if arrays:
            name = segment_name(block.number, start)
            yield Segment(name, block.number, block.first_row + start, stop - start, arrays)


def _stored(block: Block, key: str, kept: np.ndarray, shard_rows: int) -> StoredArray:
    """Give what all segments of the block say of an array: 0 for a shard that keeps no row."""
    sizes: dict[int, int] = {}
    found = []
    for source in block.sources:
        if key in source.segment.arrays:
            stored = source.segment.arrays[key]
            places = block.places(source)
            shards = np.unique((np.flatnonzero(kept[places]) + places.start) // shard_rows).tolist()
            sizes |= {shard: stored.shard_bytes[shard] for shard in shards}
            found += [stored] if shards else []
    count = max(len(stored.shard_bytes) for stored in found)
    return replace(found[0], shard_bytes=tuple(sizes.get(shard, 0) for shard in range(count)))


def _remove_others(shelf: Shelf, block: Block, targets: Sequence[Segment]) -> None:
    names = {segment.name for segment in targets}
    for file in (shelf.folder / "index").glob(f"part-{block.number:06d}*.parquet"):
        if file.name not in names:
            shelf.remove(f"index/{file.name}")
    flush_file(shelf.folder / "index")
