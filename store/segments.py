"""Index segments: the Parquet files that say which rows exist. One a block, never changed."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.activations import MAX_BLOCKS
from store.durability import flush_file
from store.errors import StoreError
from store.layout import ArraySpec

SEGMENT_FORMAT = 1
OK = "ok"

SEGMENT_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("status", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("reason", pa.string()),
    ]
)

_NAME = re.compile(r"part-(\d{6})\.parquet")


@dataclass(frozen=True)
class Segment:
    """What the footer of one segment says.

    Args:
        file: The segment.
        block: Its block number; its rows lie in ``[block * block_rows, (block + 1) * block_rows)``.
        rows: How many rows it names.
        specs: The arrays that have these rows.
        shard_bytes: For every key the sizes of the block's shards, 0 for one without a file.
    """

    file: Path
    block: int
    rows: int
    specs: tuple[ArraySpec, ...]
    shard_bytes: Mapping[str, tuple[int, ...]]

    def holds(self, keys: Iterable[str]) -> bool:
        """Tell whether the segment's rows are in any of these arrays."""
        return any(spec.key in keys for spec in self.specs)


def segment_files(folder: Path) -> dict[int, Path]:
    """Find the segments of a store, by ascending block number."""
    files = sorted((folder / "index").iterdir())
    named = ((_NAME.fullmatch(file.name), file) for file in files)
    return {int(match[1]): file for match, file in named if match}


def next_block(folder: Path) -> int:
    """Give the first block number without a segment.

    Raises:
        StoreError: The store has all the blocks that it can have.
    """
    taken = segment_files(folder)
    block = next(number for number in range(len(taken) + 1) if number not in taken)
    if block >= MAX_BLOCKS:
        raise StoreError(f"The store {folder} is full: begin another store.")
    return block


def write_segment(
    folder: Path,
    block: int,
    rows: pa.Table,
    specs: Sequence[ArraySpec],
    shard_bytes: Mapping[str, Sequence[int]],
) -> None:
    """Commit a block: from the rename on, its rows exist.

    Args:
        folder: The store; the block's shards are already on disk.
        block: The block number.
        rows: The rows, in ``SEGMENT_SCHEMA``.
        specs: The arrays that have these rows.
        shard_bytes: The sizes of the block's shards by key.
    """
    metadata = {
        "format": str(SEGMENT_FORMAT),
        "block": str(block),
        "arrays": json.dumps([spec.to_json() for spec in specs]),
        "shard_bytes": json.dumps(shard_bytes),
    }
    file = folder / "index" / f"part-{block:06d}.parquet"
    unfinished = file.with_suffix(".unfinished")
    pq.write_table(
        rows.replace_schema_metadata(metadata),
        unfinished,
        compression="zstd",
        use_dictionary=["status", "reason"],
        write_page_checksum=True,
        write_statistics=False,
    )
    flush_file(unfinished)
    unfinished.rename(file)
    flush_file(file.parent)


def read_segment(file: Path) -> Segment:
    """Read the footer of a segment.

    Raises:
        StoreError: The segment is damaged, or was written by a newer version of the program.
    """
    try:
        footer = pq.read_metadata(file)
        fields = {name.decode(): value.decode() for name, value in (footer.metadata or {}).items()}
        version = int(fields["format"])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise _damaged(file, error) from error
    if version > SEGMENT_FORMAT:
        raise StoreError(
            f"{file} has format {version}, but this version reads up to {SEGMENT_FORMAT}: "
            "update MINT workbench."
        )
    try:
        return _parse(file, footer.num_rows, fields)
    except (KeyError, TypeError, ValueError, StoreError) as error:
        raise _damaged(file, error) from error


def check_segment(file: Path) -> None:
    """Read a segment whole and check its checksums, which DuckDB does not do.

    Raises:
        StoreError: The segment is damaged.
    """
    try:
        pq.ParquetFile(file, page_checksum_verification=True).read()
    except (OSError, pa.ArrowException) as error:
        raise _damaged(file, error) from error


def _parse(file: Path, rows: int, fields: Mapping[str, str]) -> Segment:
    block = int(fields["block"])
    if file.name != f"part-{block:06d}.parquet":
        raise ValueError(f"it is the segment of block {block}")
    specs = tuple(ArraySpec.from_json(spec) for spec in json.loads(fields["arrays"]))
    shard_bytes = json.loads(fields["shard_bytes"])
    sizes = {spec.key: tuple(int(size) for size in shard_bytes[spec.key]) for spec in specs}
    return Segment(file, block, rows, specs, sizes)


def _damaged(file: Path, error: Exception) -> StoreError:
    return StoreError(
        f"{file} is not a readable index segment ({error}): restore the store from a backup, or "
        "delete it and extract again."
    )
