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
BLOCKS_WANTED = 4
MAX_SHARD_BYTES = 256 * 2**20
CHUNK_BYTES = 2**20
SEGMENT_ROW_BYTES = 64
"""An upper bound of what one row takes in a segment: an int64, 32 hex digits, a status."""

STORED_DTYPES = {"float16": "float16", "float32": "float32", "bfloat16": "uint16"}
"""What a store keeps, and as which type of numpy's it lies on disk."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


@dataclass(frozen=True)
class ArraySpec:
    """One array of a store: one view of one layer, a row an image.

    Args:
        layer: The tap's name.
        view: How it is kept: ``"pooled"``, ``"map"``, or another name.
        shape: The shape of one row.
        dtype: ``"float16"``, ``"float32"`` or ``"bfloat16"``.

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
        if self.dtype not in STORED_DTYPES:
            raise StoreError(
                f"{self.key} has dtype {self.dtype}, but a store keeps {', '.join(STORED_DTYPES)}."
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
    def stored_dtype(self) -> np.dtype[Any]:
        """The type on disk: uint16 for bfloat16."""
        return np.dtype(STORED_DTYPES[self.dtype])

    @property
    def values_dtype(self) -> np.dtype[Any]:
        """The type that is written and read: float32 for bfloat16, which numpy lacks."""
        return np.dtype("float32" if self.dtype == "bfloat16" else self.dtype)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row on disk, uncompressed."""
        return prod(self.shape) * self.stored_dtype.itemsize

    def to_json(self) -> dict[str, Any]:
        """Give the fields as JSON values."""
        return asdict(self) | {"shape": list(self.shape)}

    @staticmethod
    def from_json(fields: dict[str, Any]) -> "ArraySpec":
        """Read what ``to_json`` gave."""
        return ArraySpec(fields["layer"], fields["view"], tuple(fields["shape"]), fields["dtype"])


@dataclass(frozen=True)
class Layout:
    """How an array lies on disk.

    Attributes:
        block_rows: Rows of the store that one commit can fill.
        shard_rows: Rows a file; divides ``block_rows``.
        chunk_rows: Rows a read fetches at least; divides ``shard_rows``. All are powers of two.
        compressed: Whether chunks go through zstd.
    """

    block_rows: int
    shard_rows: int
    chunk_rows: int
    compressed: bool


def choose_layout(row_bytes: int, view: str, expected_rows: int) -> Layout:
    """Choose blocks, shards of at most 256 MiB, and chunks of at most 1 MiB.

    A block is about a quarter of the store, from 1,024 to 65,536 rows, so that a small store has
    something to resume from and a large one has few files: 22 million pooled rows of 512 float16
    are 336 files of 64 MiB.

    Args:
        row_bytes: Bytes of one row, uncompressed.
        view: The view's name: maps are compressed; zstd does not pay for vectors of float16.
        expected_rows: How many images the store will hold, roughly.

    Returns:
        The layout; a row larger than a limit gets a chunk and a shard of its own.
    """
    wanted = _power_of_two(expected_rows // BLOCKS_WANTED)
    block_rows = min(max(wanted, MIN_BLOCK_ROWS), MAX_BLOCK_ROWS)
    shard_rows = min(_power_of_two(MAX_SHARD_BYTES // row_bytes), block_rows)
    chunk_rows = min(_power_of_two(CHUNK_BYTES // row_bytes), shard_rows)
    return Layout(block_rows, shard_rows, chunk_rows, view.startswith("map"))


def estimate_bytes(specs: Sequence[ArraySpec], rows: int) -> int:
    """Bound the bytes that ``rows`` more rows of these arrays take on disk, before compression."""
    return rows * (sum(spec.row_bytes for spec in specs) + SEGMENT_ROW_BYTES)


def _power_of_two(limit: int) -> int:
    """Give the largest power of two up to ``limit``, and 1 where there is none."""
    return 1 << max(limit.bit_length() - 1, 0)
