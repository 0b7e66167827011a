"""Index segments: the Parquet files that say which rows exist, and in which arrays."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.activations import MAX_BLOCKS
from store.digests import DIGEST, UNSTAMPED, check_stamp, read_fields, stamp
from store.durability import put_in_place
from store.errors import StoreError
from store.layout import ArraySpec

SEGMENT_FORMAT = 2
OK = "ok"

SEGMENT_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("status", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("reason", pa.string()),
    ]
)

_NAME = re.compile(r"part-(\d{6})(?:\.(\d+))?\.parquet")


@dataclass(frozen=True)
class StoredArray:
    """What a segment says of one array that has its rows.

    Args:
        spec: The array.
        shard_bytes: Sizes of the shards of the segment's block, in order.
        metadata_digest: Digest of the array's ``zarr.json``.
    """

    spec: ArraySpec
    shard_bytes: tuple[int, ...]
    metadata_digest: str

    def to_json(self) -> dict[str, Any]:
        """Give the fields as JSON values."""
        kept = {"shard_bytes": list(self.shard_bytes), "metadata_digest": self.metadata_digest}
        return self.spec.to_json() | kept

    @staticmethod
    def from_json(fields: dict[str, Any]) -> "StoredArray":
        """Read what ``to_json`` gave."""
        sizes = tuple(int(size) for size in fields["shard_bytes"])
        return StoredArray(ArraySpec.from_json(fields), sizes, str(fields["metadata_digest"]))


@dataclass(frozen=True)
class Segment:
    """Adjacent rows of one block, and the arrays that have them.

    Args:
        name: The file's name in ``index/``.
        block: Its block; all blocks have the same number of rows.
        first_row: Its first row.
        rows: How many rows it names.
        arrays: The arrays by key.
    """

    name: str
    block: int
    first_row: int
    rows: int
    arrays: Mapping[str, StoredArray]

    @property
    def stop_row(self) -> int:
        """The row after its last."""
        return self.first_row + self.rows

    def holds(self, keys: Iterable[str]) -> bool:
        """Tell whether the segment's rows are in any of these arrays."""
        return any(key in self.arrays for key in keys)

    def without(self, key: str) -> "Segment":
        """Give the segment for the same rows less one array."""
        kept = {name: array for name, array in self.arrays.items() if name != key}
        return replace(self, arrays=kept)

    def to_json(self) -> dict[str, Any]:
        """Give what the footer says besides the rows, as JSON values."""
        arrays = [array.to_json() for array in self.arrays.values()]
        return {"block": self.block, "first_row": self.first_row, "arrays": arrays}


def segment_from_json(name: str, rows: int, fields: Mapping[str, Any]) -> Segment:
    """Read what ``Segment.to_json`` gave."""
    arrays = [StoredArray.from_json(array) for array in fields["arrays"]]
    by_key = {array.spec.key: array for array in arrays}
    return Segment(name, int(fields["block"]), int(fields["first_row"]), rows, by_key)


def segment_name(block: int, offset: int = 0) -> str:
    """Name the segment that begins ``offset`` rows into a block."""
    return f"part-{block:06d}.{offset}.parquet" if offset else f"part-{block:06d}.parquet"


def segment_files(folder: Path) -> list[Path]:
    """Find the segments of a store, in the order of their rows."""
    found = [(_NAME.fullmatch(file.name), file) for file in (folder / "index").iterdir()]
    named = [(int(match[1]), int(match[2] or 0), file) for match, file in found if match]
    return [file for _, _, file in sorted(named)]


def is_segment(file: Path) -> bool:
    """Tell by its name whether a file is a segment."""
    return _NAME.fullmatch(file.name) is not None


def block_of(file: Path) -> int:
    """Read the block of a segment from its name."""
    return int(file.name[5:11])


def committed_blocks(folder: Path) -> frozenset[int]:
    """Give the numbers of the blocks of a store that have rows by now."""
    return frozenset(block_of(file) for file in segment_files(folder))


def next_block(folder: Path) -> int:
    """Give the first block without a segment; ask while holding the store's lock.

    Raises:
        StoreError: The store has all the blocks that it can have.
    """
    taken = committed_blocks(folder)
    block = next(number for number in range(len(taken) + 1) if number not in taken)
    if block >= MAX_BLOCKS:
        raise StoreError(f"The store {folder} is full: begin another store.")
    return block


def write_segment(folder: Path, segment: Segment, rows: pa.Table) -> None:
    """Commit a segment: from the rename on, its rows exist.

    Args:
        folder: The store, whose lock the caller holds; the shards are already on disk.
        segment: What the segment says of its rows.
        rows: The rows, in ``SEGMENT_SCHEMA``, ascending and adjacent.
    """
    file = folder / "index" / segment.name
    unfinished = file.with_suffix(".unfinished")
    put_segment_file(unfinished, segment, rows)
    put_in_place(unfinished, file)


def put_segment_file(file: Path, segment: Segment, rows: pa.Table) -> None:
    """Write what a segment holds to a file that is no segment yet."""
    metadata = {
        "format": str(SEGMENT_FORMAT),
        "segment": json.dumps(segment.to_json()),
        DIGEST: UNSTAMPED,
    }
    with pq.ParquetWriter(
        file,
        rows.schema,
        compression="zstd",
        use_dictionary=["status", "reason"],
        store_schema=False,  # it would hold a second copy of the metadata
        write_statistics=False,
    ) as parquet:
        parquet.write_table(rows)
        parquet.add_key_value_metadata(metadata)
    stamp(file)


def read_segment(file: Path) -> Segment:
    """Read the footer of a segment.

    Raises:
        StoreError: The segment is damaged, or was written by another version of the program.
    """
    try:
        fields, rows = read_fields(file)
        version = int(fields["format"])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise damaged_segment(file, error) from error
    if version != SEGMENT_FORMAT:
        raise StoreError(
            f"{file} has format {version}, but this version reads format {SEGMENT_FORMAT}: "
            + ("update MINT workbench." if version > SEGMENT_FORMAT else "extract again.")
        )
    try:
        return _parse(file, rows, json.loads(fields["segment"]))
    except (KeyError, TypeError, ValueError, AttributeError, StoreError) as error:
        raise damaged_segment(file, error) from error


def check_segment(file: Path) -> None:
    """Check every byte of a segment.

    Raises:
        StoreError: The segment is damaged.
    """
    try:
        check_stamp(file)
    except (OSError, pa.ArrowException, ValueError, StoreError) as error:
        raise damaged_segment(file, error) from error


def damaged_segment(file: Path, error: object) -> StoreError:
    """Say that a segment cannot be read, and what to do."""
    return StoreError(
        f"{file} is not a readable index segment ({error}): `mint store repair` drops it, and the "
        "next extraction computes its rows again."
    )


def stored_arrays(segments: Iterable[Segment]) -> dict[str, StoredArray]:
    """Give what the last segment of every array says of it, by key in order."""
    found = {key: array for segment in segments for key, array in segment.arrays.items()}
    return dict(sorted(found.items()))


def outside(segments: Sequence[Segment], rows: np.ndarray) -> int | None:
    """Give the first of some rows that none of these segments names, None where there is none.

    Args:
        segments: One or more, in the order of their first rows.
        rows: (N,) int64.
    """
    first = np.array([segment.first_row for segment in segments])
    stop = np.maximum.accumulate([segment.stop_row for segment in segments])
    before = np.searchsorted(first, rows, "right") - 1
    strange = rows[(before < 0) | (rows >= stop[before])]
    return int(strange[0]) if len(strange) else None


def shard_bytes(segments: Sequence[Segment], key: str, shards_a_block: int) -> dict[int, int]:
    """Give the sizes of the shards of an array, by number; all segments have the array."""
    return {
        segment.block * shards_a_block + shard: size
        for segment in segments
        for shard, size in enumerate(segment.arrays[key].shard_bytes)
    }


def _parse(file: Path, rows: int, fields: Mapping[str, Any]) -> Segment:
    segment = segment_from_json(file.name, rows, fields)
    match = _NAME.fullmatch(file.name)
    if match is None or int(match[1]) != segment.block:
        raise ValueError(f"it is a segment of block {segment.block}")
    return segment
