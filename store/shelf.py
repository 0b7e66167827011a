"""Where the files of a store are: in its own folder, or as objects that its folder mirrors.

All that a store keeps for good goes through here. Small files (metadata, segments, listings) are always in the folder,
so whoever reads those need not ask; shards need not be.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from store.activations import array_folder, arrays_on_disk
from store.claim import Claim
from store.disk import file_bytes, require_free
from store.durability import flush_file
from store.layout import ArraySpec
from store.lock import exclusive
from store.publication import Publication
from store.segments import Segment, next_block, write_segment
from store.shard_sources import ShardSource, shard_on_disk


class Shelf:
    """A store's own folder, which has all of it.

    Args:
        folder: The store.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def place(self) -> str:
        """Where the files are, as a person would look for them."""
        return str(self.folder)

    def refresh(self, *, at_once: bool = False) -> None:
        """Have in the folder what others have committed.

        Args:
            at_once: For a writer, who must know; a reader is content with what was there some seconds ago.

        Raises:
            StoreError: It cannot be known.
        """

    def compare(self) -> None:
        """Have in the folder what is where it comes from, for whoever checks the store; takes the store's lock."""

    def uncached(self) -> "Shelf":
        """Give the shelf without what is kept of it elsewhere to be faster."""
        return self

    def require_room(self, needed_bytes: int, block_bytes: int) -> None:
        """Make sure that the disk of the folder has room.

        Args:
            needed_bytes: What is about to be written.
            block_bytes: What a block of it takes at most.

        Raises:
            StoreError: It has not.
        """
        require_free(self.folder, needed_bytes)

    def shard(self, path: str) -> AbstractContextManager[ShardSource]:
        """Open a shard for reading, by its path in the store."""
        return shard_on_disk(self.folder / path)

    def size(self, path: str) -> int:
        """Give the size of a shard, 0 where there is none."""
        return file_bytes(self.folder / path) or 0

    def file_sizes(self, segments: Sequence[Segment]) -> list[int]:
        """Give the size of every file; what writers take away meanwhile is left out."""
        walked = os.walk(self.folder)
        files = (Path(parent) / name for parent, _, names in walked for name in names)
        return [size for file in files if (size := file_bytes(file)) is not None]

    def arrays(self) -> list[str]:
        """List the keys of all arrays that are there, whether or not a segment names them."""
        return arrays_on_disk(self.folder)

    def files_of(self, key: str) -> dict[str, int]:
        """Give the names and sizes of all files of an array."""
        there = sorted(array_folder(self.folder, key).iterdir())
        return {file.name: file_bytes(file) or 0 for file in there}

    def abandoned(self, blocks: Iterable[int]) -> set[int]:
        """Tell which blocks without a segment nobody is publishing; the caller holds the store's lock."""
        return set(blocks)

    def abandoned_array(self, key: str) -> bool:
        """Tell whether nobody is about to write an array that no segment names; the caller holds the store's lock."""
        return True

    def share_arrays(self, specs: Sequence[ArraySpec]) -> None:
        """Let others know arrays that were made in the folder; the caller holds the store's lock.

        Raises:
            StoreError: Others have made another array of one of their names.
        """

    def share(self, path: str) -> None:
        """Let others have a file that was written in the folder; the caller holds the store's lock."""

    def remove(self, path: str) -> None:
        """Delete a file or a folder, also for others; the caller holds the store's lock."""
        file = self.folder / path
        if file.is_dir():
            shutil.rmtree(file)
        else:
            file.unlink(missing_ok=True)
        if file.parent.exists():
            flush_file(file.parent)

    def upload(self, ready: Publication) -> Claim | None:
        """Take the shards of a block to where they will be, for whoever publishes it; None where they wait for that.

        Raises:
            StoreError: Another run has taken over the lease.
        """
        return None

    def publish(self, ready: Publication) -> int:
        """Give a block its number: its rows exist when this returns, and none of them when it does not.

        Raises:
            StoreError: Another run has taken over the lease.
            OSError: The disk cannot be written.
        """
        with exclusive(self.folder):
            ready.lease.require()
            block = next_block(self.folder)
            for path, waiting in ready.shards(block):
                if waiting:
                    waiting.rename(self.folder / path)
                else:  # what a run left that died just before its segment
                    (self.folder / path).unlink(missing_ok=True)
            for key in ready.arrays:
                flush_file(array_folder(self.folder, key))
            write_segment(self.folder, ready.segment(block), ready.rows(block))
        return block
