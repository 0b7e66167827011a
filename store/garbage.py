"""Garbage: what lies in a store's folder without being part of the store."""

from collections.abc import Collection
from dataclasses import dataclass

from store.feature_store import FeatureStore


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
    raise NotImplementedError(store.folder, keys)


def remove_garbage(store: FeatureStore, garbage: Garbage) -> int:
    """Delete garbage that is still garbage, and give the bytes that this freed.

    Raises:
        StoreError: The index is damaged, or a living run writes one of the arrays.
    """
    raise NotImplementedError(store.folder, garbage)
