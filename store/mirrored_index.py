"""The index of a store on object storage, kept up to date in the folder that mirrors it.

What is new is fetched beside whoever reads. What was replaced or deleted (by a repair, or where an array was dropped)
makes the sealed index, which is of this folder alone, count no more.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from store.activations import check_metadata, metadata_file
from store.digests import read_fields
from store.durability import put_in_place
from store.errors import StoreError
from store.listings import is_listing, listing_files
from store.lock import exclusive
from store.metadata import group_files, write_metadata
from store.mirror_tags import OWN, Tags
from store.object_errors import AbsentError
from store.object_storage import Content, Found, Objects
from store.sealed import remove_pointer
from store.segments import is_segment, segment_files, segment_from_json

FRESH_S = 5.0
"""A reader does not list the objects again so soon after any process of this folder did."""

FETCHES_AT_ONCE = 16
"""Files of the index that are in memory at a time, of at most some MB each."""

Done = TypeVar("Done")


class MirroredIndex:
    """The folder ``index`` of a mirror.

    Args:
        folder: The mirror.
        objects: The store.
        tags: Which version of its object each file is.
    """

    def __init__(self, folder: Path, objects: Objects, tags: Tags) -> None:
        self._folder, self._objects, self._tags = folder, objects, tags

    def refresh(self, *, at_once: bool = False) -> None:
        """Fetch what is new, and forget what is gone.

        Args:
            at_once: List the objects even if that was just done.

        Raises:
            UnreachableError: The storage does not answer, or refuses.
            StoreError: Another store is there by now.
        """
        marker = self._folder / "listed"
        began = time.time()
        if not at_once and marker.exists() and 0 <= began - marker.stat().st_mtime < FRESH_S:
            return
        listed = self._listed()
        new = [path for path in listed if not (self._folder / path).exists()]
        for start in range(0, len(new), FETCHES_AT_ONCE):
            fetched = self._fetch(new[start : start + FETCHES_AT_ONCE])
            with exclusive(self._folder):
                self._place(fetched, listed)
        if any(self._stale(listed)):
            self._change()
        marker.touch()
        os.utime(marker, (began, began))

    def compare(self) -> None:
        """Make the files what their objects are by now, even where nothing says that these have changed.

        Raises:
            UnreachableError: The storage does not answer, or refuses.
            StoreError: Another store is there by now.
        """
        self.require_same_store()
        for path in _parallel(self._differing, self._listed()):
            if path is not None:
                self._tags.forget(path)
        self.refresh(at_once=True)
        with exclusive(self._folder):
            self._compare_metadata()

    def require_same_store(self) -> None:
        """Make sure that the objects are still those of the store that the folder mirrors.

        Raises:
            StoreError: They are not.
        """
        own = (self._folder / "card.json").read_bytes()
        try:
            same = self._objects.get("card.json").content == own
        except AbsentError:
            same = False
        if not same:
            raise StoreError(
                f"{self._objects.url} is not the store any more that {self._folder} mirrors, but was deleted or "
                "made anew: delete that folder, which has no values of its own, then run again."
            )

    def _compare_metadata(self) -> None:
        listed = self._objects.list("activations.zarr")
        paths = [path for path in listed if path.endswith("/zarr.json")]
        for path, found in _fetched(self._objects, paths).items():
            write_metadata(self._folder / path, found.content)
        there = self._folder.glob("activations.zarr/**/zarr.json")
        for file in sorted(there, key=lambda file: -len(file.parts)):  # arrays before their layers
            if str(file.relative_to(self._folder)) not in paths:
                file.unlink()
                with suppress(OSError):  # the others are not empty
                    file.parent.rmdir()

    def _listed(self) -> dict[str, Found]:
        """List the segments and listings that are objects."""
        objects = self._objects.list("index")
        return {path: found for path, found in objects.items() if _is_of_index(Path(path))}

    def _stale(self, listed: Mapping[str, Found]) -> Iterator[str]:
        """Give the files whose objects are others by now, or gone."""
        for file in [*segment_files(self._folder), *listing_files(self._folder)]:
            path = f"index/{file.name}"
            tag = self._tags.of(path)
            if tag != OWN and (path not in listed or listed[path].tag != tag):
                yield path

    def _change(self) -> None:
        with exclusive(self._folder):
            listed = self._listed()  # again: what was just being published here is there by now
            stale = list(self._stale(listed))
            if not stale:
                return
            self.require_same_store()
            if any(is_segment(Path(path)) for path in stale):
                remove_pointer(self._folder)
            self._place(self._fetch([path for path in stale if path in listed]), listed)
            for path in stale:
                if path not in listed:
                    (self._folder / path).unlink(missing_ok=True)
                    self._tags.forget(path)

    def _fetch(self, paths: Sequence[str]) -> dict[str, Content]:
        """Fetch files of the index, and before them the metadata that they need and the folder lacks."""
        index = _fetched(self._objects, paths)
        lacking = {key for path, found in index.items() for key in self._lacking(path, found)}
        groups = group_files(Path(), lacking)
        arrays = [metadata_file(Path(), key) for key in lacking]
        return _fetched(self._objects, [str(file) for file in [*groups, *arrays]]) | index

    def _lacking(self, path: str, found: Content) -> Iterator[str]:
        """Give the arrays of a segment whose metadata the folder lacks, or has otherwise."""
        try:
            fields, rows = read_fields(pa.BufferReader(found.content))
            segment = segment_from_json(path, rows, json.loads(fields["segment"]))
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, StoreError):
            return  # a listing; or it is damaged, which whoever reads it will say
        for key, stored in segment.arrays.items():
            try:
                check_metadata(self._folder, key, stored.metadata_digest)
            except StoreError:
                yield key

    def _place(self, fetched: Mapping[str, Content], listed: Mapping[str, Found]) -> None:
        """Give files their names, what segments need before them; the caller holds the store's lock.

        What was replaced since it was listed has the tag of the listing, and so is fetched again.
        """
        for path, found in fetched.items():
            file = self._folder / path
            if file.name == "zarr.json":
                write_metadata(file, found.content)
                continue
            unfinished = file.with_name(f"{file.name}.unfinished")
            unfinished.write_bytes(found.content)
            self._tags.forget(path)  # killed before the end, this is done again
            put_in_place(unfinished, file)
            self._tags.know(path, listed[path].tag)

    def _differing(self, path: str) -> str | None:
        with suppress(FileNotFoundError, AbsentError):
            own = (self._folder / path).read_bytes()
            if self._tags.of(path) != OWN and self._objects.get(path).content != own:
                return path
        return None


def _is_of_index(file: Path) -> bool:
    return file.parent == Path("index") and (is_segment(file) or is_listing(file))


def _fetched(objects: Objects, paths: Sequence[str]) -> dict[str, Content]:
    """Fetch objects, without those that were deleted since they were listed."""

    def fetch(path: str) -> Content | None:
        with suppress(AbsentError):
            return objects.get(path)
        return None

    found = zip(paths, _parallel(fetch, paths), strict=True)
    return {path: content for path, content in found if content is not None}


def _parallel(do: Callable[[str], Done], paths: Iterable[str]) -> list[Done]:
    with ThreadPoolExecutor(FETCHES_AT_ONCE, "store-fetch") as threads:
        return list(threads.map(do, paths))
