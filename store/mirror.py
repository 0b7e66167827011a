"""A store on object storage, and the folder that mirrors it.

The objects have the names that the files of a local store have. The folder has all that is small: the card, metadata,
segments, listings, and a sealed index of its own. Shards are only objects; see ``store.remote_shards``.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from store.activations import array_folder, metadata_file, open_array
from store.cache_limit import cache_limit_bytes
from store.cards import card_digest, read_card
from store.chunk_cache import ChunkCache
from store.claim import Claim
from store.claims import DEAD_S, claim_block, dead_claims
from store.disk import require_free
from store.durability import put_in_place
from store.errors import StoreError
from store.layout import ArraySpec
from store.listings import is_listing
from store.lock import exclusive
from store.metadata import write_metadata
from store.mirror_tags import OWN, Tags
from store.mirrored_index import MirroredIndex
from store.object_storage import Objects
from store.origin import read_origin
from store.publication import Publication
from store.remote_shards import RemoteShard
from store.segments import Segment, committed_blocks, put_segment_file
from store.shelf import Shelf

UPLOADS_AT_ONCE = 4
"""Shards; each goes in several parts at once where it is large."""

REQUESTS_AT_ONCE = 8
NO_CACHE_BYTES = 0

_SHARED = ("activations.zarr/", "index/")
"""What of the folder is also on object storage, besides the card."""


class Mirror(Shelf):
    """The folder of a store that is on object storage.

    Args:
        folder: The folder.
        cache_bytes: How much of the shards is kept on this machine's disk; None for what the settings say.

    Raises:
        StoreError: What says where the store is cannot be read.
    """

    def __init__(self, folder: Path, cache_bytes: int | None = None) -> None:
        super().__init__(folder)
        self.objects = Objects(read_origin(folder).url)
        self._tags = Tags(folder)
        self._index = MirroredIndex(folder, self.objects, self._tags)
        limit = cache_limit_bytes() if cache_bytes is None else cache_bytes
        self._cache = ChunkCache(_cache_folder(folder), limit)
        self._identity = card_digest(read_card(folder))

    @property
    def place(self) -> str:
        """Where the objects are."""
        return self.objects.url

    def refresh(self, *, at_once: bool = False) -> None:
        """Have in the folder what others have committed; see ``Shelf``."""
        with self._mirroring():
            self._index.refresh(at_once=at_once)
            if at_once:
                self._index.require_same_store()

    def compare(self) -> None:
        """Make the folder what the objects are by now; see ``Shelf``."""
        with self._mirroring():
            self._index.compare()

    def uncached(self) -> Shelf:
        """Give the shelf without the chunks that are kept on this disk."""
        return Mirror(self.folder, NO_CACHE_BYTES)

    def require_room(self, needed_bytes: int, block_bytes: int) -> None:
        """Make sure that the disk has room for the block that waits for its upload."""
        require_free(self.folder, min(needed_bytes, block_bytes))

    @contextmanager
    def shard(self, path: str) -> Iterator[RemoteShard]:
        """Open a shard for reading, by its path in the store."""
        yield RemoteShard(self.objects, path, self._cache, self._identity)

    def size(self, path: str) -> int:
        """Give the size of a shard, 0 where there is none."""
        return self.objects.size(path)

    def file_sizes(self, segments: Sequence[Segment]) -> list[int]:
        """Give the size of every file of the folder, and of every shard that a segment names."""
        shards = {
            (key, segment.block): stored.shard_bytes
            for segment in segments
            for key, stored in segment.arrays.items()
        }
        return [
            *super().file_sizes(segments),
            *(n for sizes in shards.values() for n in sizes if n),
        ]

    def arrays(self) -> list[str]:
        """List the keys of all arrays that have objects."""
        found = (
            name.split("/")[1:3]
            for name in self.objects.list("activations.zarr")
            if name.count("/") > 2
        )
        return sorted({"/".join(parts) for parts in found})

    def files_of(self, key: str) -> dict[str, int]:
        """Give the names and sizes of all objects of an array."""
        found = self.objects.list(str(array_folder(Path(), key)))
        return {name.rpartition("/")[2]: each.bytes for name, each in found.items()}

    def abandoned(self, blocks: Iterable[int]) -> set[int]:
        """Tell which blocks without a segment nobody is publishing; the caller holds the store's lock."""
        return dead_claims(self.objects, set(blocks))

    def abandoned_array(self, key: str) -> bool:
        """Tell whether nobody is about to write an array without rows: after a day, since others may be anywhere."""
        found = self.objects.list(str(array_folder(Path(), key)))
        ages = [datetime.now(UTC) - each.modified for each in found.values()]
        return all(age > timedelta(seconds=DEAD_S) for age in ages)

    def share_arrays(self, specs: Sequence[ArraySpec]) -> None:
        """Put the metadata of arrays, or take over what is there of the same arrays; see ``Shelf``."""
        with ThreadPoolExecutor(REQUESTS_AT_ONCE, "store-share") as threads:
            for _ in threads.map(self._share_array, specs):
                pass

    def share(self, path: str) -> None:
        """Put a file that was written in the folder; the caller holds the store's lock."""
        tag = self.objects.replace(path, (self.folder / path).read_bytes())
        if path.startswith("index/"):
            self._tags.know(path, OWN if is_listing(Path(path)) else tag)

    def remove(self, path: str) -> None:
        """Delete an object, or all below a folder, and its file where it has one."""
        if path.startswith(_SHARED):
            self.objects.delete([path, *self.objects.list(path)])
            self._tags.forget(path)
        super().remove(path)

    def upload(self, ready: Publication) -> Claim:
        """Claim a number, and put the shards; see ``Shelf``."""
        with exclusive(self.folder):
            ready.lease.require()
        claim = claim_block(self.objects, ready.lease.token, committed_blocks(self.folder))
        self._upload(ready.shards(claim.block))
        return claim

    def publish(self, ready: Publication) -> int:
        """Put the segment, after the shards; see ``Shelf``."""
        claim = ready.claim or self.upload(ready)
        segment = ready.segment(claim.block)
        file = ready.folder / segment.name
        put_segment_file(file, segment, ready.rows(claim.block))
        path = f"index/{segment.name}"
        with exclusive(self.folder):
            ready.lease.require()
            claim.require_valid()
            tag = self.objects.create(path, file.read_bytes())
            if tag is None:
                raise StoreError(
                    f"{self.place}/{path} is there already, though no other run may write it: run again, and see "
                    "that nothing but MINT workbench writes there."
                )
            put_in_place(file, self.folder / path)
            self._tags.know(path, tag)
        return claim.block

    @contextmanager
    def _mirroring(self) -> Iterator[None]:
        """Turn what the disk says into one sentence for the person."""
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"The folder {self.folder} cannot be made what {self.place} is ({error.strerror}): make room on its "
                "disk, or check its permissions."
            ) from error

    def _upload(self, shards: Iterable[tuple[str, Path | None]]) -> None:
        waiting = [(path, file) for path, file in shards if file]
        with ThreadPoolExecutor(UPLOADS_AT_ONCE, "store-upload") as threads:
            for _ in threads.map(lambda each: self.objects.upload(*each), waiting):
                pass

    def _share_array(self, spec: ArraySpec) -> None:
        file = metadata_file(self.folder, spec.key)
        path = str(file.relative_to(self.folder))
        if self.objects.size(path) or self.objects.create(path, file.read_bytes()) is None:
            self._take_over(spec, path)
        group = file.parent.parent / "zarr.json"
        self.objects.create(str(group.relative_to(self.folder)), group.read_bytes())

    def _take_over(self, spec: ArraySpec, path: str) -> None:
        """Use the array that somebody else has made, and make it look new, so that nobody takes it for abandoned."""
        there = self.objects.get(path).content
        write_metadata(self.folder / path, there)
        try:
            open_array(self.folder, spec)
        except StoreError as error:
            raise StoreError(
                f"{self.place} has an array {spec.key} without rows that is not of {spec.shape} {spec.dtype}: use "
                "the settings that it was made with, or let `mint store gc` delete it a day after it was made."
            ) from error
        self.objects.replace(path, there)


def _cache_folder(folder: Path) -> Path:
    """Name the folder of what is kept, one for all stores of a home."""
    home = folder.parent.parent if folder.parent.name == "stores" else folder
    return home / "cache" / "chunks"
