"""What verification finds wrong with a store."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "folder", "card", "group", "metadata", "segment", "listing", "shard", "row", "sealed", "pointer"
]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a store.

    Args:
        file: The file that is missing, damaged or says something wrong, relative to the store.
        kind: What it is: a folder that is gone, the card, a group's or an array's ``zarr.json``
            ("group", "metadata"), a segment, a listing, a shard, rows of a segment without values
            ("row"), the sealed index or its pointer.
        message: What is wrong, what it means and what to do, in one sentence.
        block: The block that it is about; None for what concerns the whole store.
        key: The array that it is about.
        rows: The rows that are lost to that array, as (first, stop) numbers.
    """

    file: str
    kind: Kind
    message: str
    block: int | None = None
    key: str | None = None
    rows: tuple[tuple[int, int], ...] = ()
