"""A block that waits for its number: its shards and what its segment will say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from store.activations import Array, shard_name, shard_path, shard_rows
from store.claim import Claim
from store.leases import Lease
from store.segments import SEGMENT_SCHEMA, Segment, StoredArray, segment_name


@dataclass(frozen=True)
class Publication:
    """What a shelf needs to make the rows of a block exist.

    Attributes:
        lease: The lease of the run.
        block_rows: Rows a block.
        arrays: The arrays, open, by key.
        stored: What the segment says of them, by key.
        folder: Where the shards wait.
        outcomes: Sample id -> status and reason, in the order of the rows.
        claim: The number under which its shards are on object storage already; None where they wait in the folder.
    """

    lease: Lease
    block_rows: int
    arrays: Mapping[str, Array]
    stored: Mapping[str, StoredArray]
    folder: Path
    outcomes: Mapping[str, tuple[str, str | None]]
    claim: Claim | None = None

    def shards(self, block: int) -> Iterator[tuple[str, Path | None]]:
        """Give the paths of all shards that a block can have, and the files that wait for them; None for no rows."""
        for key, array in self.arrays.items():
            shards_a_block = self.block_rows // shard_rows(array)
            written = len(self.stored[key].shard_bytes)
            for shard in range(shards_a_block):
                path = shard_path(key, array, block * shards_a_block + shard)
                waiting = self.folder / key / shard_name(array, shard)
                yield path, waiting if shard < written else None

    def segment(self, block: int) -> Segment:
        """Give what the segment says of its rows."""
        first_row, count = block * self.block_rows, len(self.outcomes)
        return Segment(segment_name(block), block, first_row, count, self.stored)

    def rows(self, block: int) -> pa.Table:
        """Give the rows of the segment, in ``SEGMENT_SCHEMA``."""
        first_row = block * self.block_rows
        statuses = pa.array([status for status, _ in self.outcomes.values()], pa.string())
        columns = {
            "row": np.arange(first_row, first_row + len(self.outcomes)),
            "sample_id": pa.array(self.outcomes.keys(), pa.string()),
            "status": statuses.dictionary_encode(),
            "reason": pa.array([reason for _, reason in self.outcomes.values()], pa.string()),
        }
        return pa.table(columns, schema=SEGMENT_SCHEMA)
