"""How arrays lie on disk: blocks of rows, shards (one file each) and chunks (one read each)."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np

from store.errors import StoreError

MIN_BLOCK_ROWS = 1024
MAX_BLOCK_ROWS = 65_536
BLOCKS_WANTED = 16
MAX_SHARD_BYTES = 256 * 2**20
CHUNK_BYTES = 2**20
SEGMENT_ROW_BYTES = 64
"""An upper bound of what one row takes in a segment: an int64, 32 hex digits, a status."""

DTYPES = ("float16", "float32", "uint8")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


@dataclass(frozen=True)
class ArraySpec:
    """One array of a store: one view of one layer, a row an image.

    Args:
        layer: The tap's name.
        view: How it is kept: ``"pooled"``, ``"map"``, or another name.
        shape: The shape of one row.
        dtype: ``"float16"``, ``"float32"`` or ``"uint8"``.

    Raises:
        StoreError: A name cannot be a folder name, or the shape or dtype cannot be kept.
    """

    layer: str
    view: str
    shape: tuple[int, ...]
    dtype: str = "float16"

    def __post_init__(self) -> None:
        for name in (self.layer, self.view):
            if not _NAME.fullmatch(name) or name.startswith("__"):
                raise StoreError(
                    f"{name!r} cannot name a layer or view: "
                    "use 1 to 200 letters, digits, '.', '-' or '_'."
                )
        if self.dtype not in DTYPES:
            raise StoreError(
                f"{self.key} has dtype {self.dtype}, but a store keeps {', '.join(DTYPES)}."
            )
        if not self.shape or min(self.shape) < 1:
            raise StoreError(
                f"{self.key} has rows of shape {self.shape}: every axis needs a length of 1 up."
            )

    @property
    def key(self) -> str:
        """``"layer/view"``, unique in a store."""
        return f"{self.layer}/{self.view}"

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, uncompressed."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize

    def to_json(self) -> dict[str, Any]:
        """Give the fields as JSON values."""
        return asdict(self) | {"shape": list(self.shape)}

    @staticmethod
    def from_json(fields: dict[str, Any]) -> "ArraySpec":
        """Read what ``to_json`` gave."""
        return ArraySpec(fields["layer"], fields["view"], tuple(fields["shape"]), fields["dtype"])


@dataclass(frozen=True)
class Layout:
    """Rows a chunk and rows a shard; both powers of two, the first divides the second."""

    chunk_rows: int
    shard_rows: int


def choose_block_rows(expected_rows: int) -> int:
    """Choose how many rows one commit can hold.

    Args:
        expected_rows: How many images the store will hold, roughly.

    Returns:
        A power of two from 1,024 to 65,536, about a sixteenth of ``expected_rows``.
    """
    return min(max(_power_of_two(expected_rows // BLOCKS_WANTED), MIN_BLOCK_ROWS), MAX_BLOCK_ROWS)


def choose_layout(row_bytes: int, block_rows: int) -> Layout:
    """Choose shards of at most 256 MiB within a block, and chunks of at most 1 MiB within a shard.

    Args:
        row_bytes: Bytes of one row, uncompressed.
        block_rows: Rows a block, a power of two.

    Returns:
        The layout; a row larger than a limit gets a chunk and a shard of its own.
    """
    shard_rows = min(_power_of_two(MAX_SHARD_BYTES // row_bytes), block_rows)
    return Layout(min(_power_of_two(CHUNK_BYTES // row_bytes), shard_rows), shard_rows)


def estimate_bytes(specs: Sequence[ArraySpec], rows: int) -> int:
    """Bound the bytes that ``rows`` more rows of these arrays take on disk, before compression."""
    return rows * (sum(spec.row_bytes for spec in specs) + SEGMENT_ROW_BYTES)


def _power_of_two(limit: int) -> int:
    """Give the largest power of two up to ``limit``, and 1 where there is none."""
    return 1 << max(limit.bit_length() - 1, 0)
