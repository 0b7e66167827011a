"""A feature store: what one audited model computed for every image, cached and indexed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from store import index
from store.activations import Array, create_root, open_array, shard_rows
from store.artefacts import Card, Home, read_card, write_card
from store.disk import require_free
from store.errors import StoreError
from store.layout import ArraySpec, choose_block_rows, estimate_bytes
from store.lock import writer_lock
from store.reading import read_rows
from store.segments import Segment, check_segment, read_segment, segment_files
from store.writer import Writer, prepare_arrays


def create_store(
    home: Home, store_id: str, *, expected_rows: int, **card_fields: Any
) -> "FeatureStore":
    """Publish an empty store, or open it where it exists.

    Args:
        home: Where the artefacts are.
        store_id: The store's id.
        expected_rows: How many images it will hold, roughly; decides the size of a commit.
        **card_fields: What the store is made from, for its card. JSON values.

    Raises:
        StoreError: The home cannot be written, or the store that exists cannot be read.
    """
    if not home.has("stores", store_id):
        with home.publishing("stores", store_id) as staging:
            block_rows = choose_block_rows(expected_rows)
            write_card(staging, "stores", store_id, block_rows=block_rows, **card_fields)
            create_root(staging)
            (staging / "index").mkdir()
    return open_store(home.folder("stores", store_id))


def open_store(folder: Path) -> "FeatureStore":
    """Open a store.

    Raises:
        StoreError: It is absent, damaged, or was written by a newer version of the program.
    """
    if not (folder / "card.json").is_file():
        raise StoreError(f"There is no store at {folder}: extract features first.")
    card = read_card(folder)
    whole = (folder / "index").is_dir() and (folder / "activations.zarr").is_dir()
    if not whole or not isinstance(card.get("block_rows"), int):
        raise StoreError(
            f"{folder} is not a whole store: restore it from a backup, or delete it and extract "
            "again."
        )
    return FeatureStore(folder, card)


class FeatureStore:
    """Reads one store, and hands out its only writer. ``open_store`` makes one.

    Every call sees what is committed by then, also by other processes.

    Args:
        folder: The store's folder.
        card: Its card.
    """

    def __init__(self, folder: Path, card: Card) -> None:
        self.folder = folder
        self.card = card
        self.block_rows: int = card["block_rows"]
        self._known: dict[int, Segment] = {}
        self._checked: set[int] = set()
        self._arrays: dict[str, Array] = {}

    def specs(self) -> dict[str, ArraySpec]:
        """Give the arrays that have committed rows, by key.

        Raises:
            StoreError: A segment is damaged or of a newer format.
        """
        found = {spec.key: spec for segment in self._segments() for spec in segment.specs}
        return dict(sorted(found.items()))

    def missing(
        self, sample_ids: Sequence[str], keys: Sequence[str]
    ) -> dict[tuple[str, ...], list[str]]:
        """Tell what is left to compute.

        A sample that failed counts as present, so that it is not computed again.

        Args:
            sample_ids: The wanted samples; repeats are folded.
            keys: The wanted arrays.

        Returns:
            Tuples of missing keys to the sample ids that miss exactly those, in the given order.
            Ids that have every array are in no group.

        Raises:
            StoreError: A segment is damaged or of a newer format.
        """
        return index.find_missing(self._checked_segments(), self.block_rows, sample_ids, keys)

    def locate(self, key: str, sample_ids: Sequence[str]) -> np.ndarray:
        """Find the rows of samples in an array.

        Returns:
            (N,) int64; -1 where the sample is absent or failed.

        Raises:
            StoreError: A segment is damaged or of a newer format.
        """
        return index.find_rows(self._checked_segments(), key, sample_ids)

    def failures(self, sample_ids: Sequence[str]) -> list[dict[str, Any]]:
        """List the samples that failed: ``sample_id``, ``status`` and ``reason``.

        Raises:
            StoreError: A segment is damaged or of a newer format.
        """
        return index.find_failures(self._checked_segments(), sample_ids)

    def read(self, key: str, rows: np.ndarray) -> np.ndarray:
        """Read rows of an array; fastest where they are near each other.

        Args:
            key: The array.
            rows: (N,) int64 from ``locate``, in any order, repeated or not.

        Returns:
            (N, *shape) in the order of ``rows``.

        Raises:
            StoreError: The array or a row does not exist, or a file is missing or damaged.
        """
        rows = np.asarray(rows, np.int64)
        array = self._array(key)
        shard_bytes = self._shard_bytes(key, shard_rows(array), np.unique(rows // self.block_rows))
        return read_rows(self.folder, key, array, shard_bytes, rows)

    def chunk_rows(self, key: str) -> int:
        """Give the rows that a read fetches at least.

        Raises:
            StoreError: The array does not exist.
        """
        return int(self._array(key).chunks[0])

    @contextmanager
    def writer(self, specs: Sequence[ArraySpec], rows: int) -> Iterator[Writer]:
        """Open the store for writing.

        Args:
            specs: The arrays that every commit will give.
            rows: How many rows will be written at most, to see whether they fit on the disk.

        Yields:
            The writer, the only one of this store as long as the block runs.

        Raises:
            StoreError: Another process is writing, the arrays do not fit those that exist, or the
                disk is too small.
        """
        with writer_lock(self.folder):
            committed = self.specs()
            _check_specs(specs, committed)
            require_free(self.folder, estimate_bytes(specs, rows))
            arrays = prepare_arrays(self.folder, self.block_rows, specs, committed.values())
            writer = Writer(self.folder, self.block_rows, specs, arrays)
            try:
                yield writer
            finally:
                writer.close()

    def info(self) -> dict[str, Any]:
        """Count what the store holds; JSON values, sizes in bytes on disk.

        Raises:
            StoreError: A segment is damaged or of a newer format.
        """
        segments = self._checked_segments()
        images, failed = index.count_images(segments)
        sizes = [path.stat().st_size for path in self.folder.rglob("*") if path.is_file()]
        return {
            "id": self.card["id"],
            "rows": sum(segment.rows for segment in segments),
            "images": images,
            "failed": failed,
            "layers": [_describe(spec, segments) for spec in self.specs().values()],
            "bytes": sum(sizes),
            "segments": len(segments),
            "files": len(sizes),
        }

    def _segments(self) -> list[Segment]:
        files = segment_files(self.folder)
        known = self._known
        self._known = {block: known.get(block) or read_segment(files[block]) for block in files}
        return list(self._known.values())

    def _checked_segments(self) -> list[Segment]:
        segments = self._segments()
        for segment in segments:
            if segment.block not in self._checked:
                check_segment(segment.file)
                self._checked.add(segment.block)
        return segments

    def _array(self, key: str) -> Array:
        if key not in self._arrays:
            specs = self.specs()
            if key not in specs:
                there = ", ".join(specs) or "nothing yet"
                raise StoreError(f"The store {self.folder} has no {key}; it has {there}.")
            self._arrays[key] = open_array(self.folder, specs[key])
        return self._arrays[key]

    def _shard_bytes(self, key: str, shard_rows: int, blocks: np.ndarray) -> dict[int, int]:
        """Give the sizes of all shards of these blocks, 0 for those that hold no row."""
        segments = {segment.block: segment for segment in self._segments() if segment.holds([key])}
        shards_a_block = self.block_rows // shard_rows
        found: dict[int, int] = {}
        for block in blocks.tolist():
            if block not in segments:
                raise StoreError(
                    f"Rows {block * self.block_rows} and up of {key} in {self.folder} do not "
                    "exist: read the rows that locate() gives, without its -1."
                )
            sizes = segments[block].shard_bytes[key]
            first = block * shards_a_block
            found.update({first + i: 0 for i in range(shards_a_block)})
            found.update({first + i: size for i, size in enumerate(sizes)})
        return found


def _check_specs(specs: Sequence[ArraySpec], committed: dict[str, ArraySpec]) -> None:
    if not specs or len({spec.key for spec in specs}) < len(specs):
        raise StoreError("A writer takes one or more arrays, each once: check the list of layers.")
    for spec in specs:
        existing = committed.get(spec.key, spec)
        if existing != spec:
            raise StoreError(
                f"{spec.key} was stored with rows of {existing.shape} {existing.dtype}, but "
                f"{spec.shape} {spec.dtype} is asked for: use the same settings, or another store."
            )


def _describe(spec: ArraySpec, segments: Sequence[Segment]) -> dict[str, Any]:
    holding = [segment for segment in segments if segment.holds([spec.key])]
    return spec.to_json() | {
        "rows": sum(segment.rows for segment in holding),
        "bytes": sum(sum(segment.shard_bytes[spec.key]) for segment in holding),
    }
