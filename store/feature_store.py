"""A feature store: what one audited model computed for every image, cached and indexed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from store import index, query, sealing
from store.activations import Array, check_metadata, create_root, open_array, shard_rows
from store.artefacts import Card, Home, read_card, write_card
from store.bfloat16 import from_bits
from store.description import describe
from store.errors import StoreError
from store.holdings import Holding, count_failed, count_holdings
from store.index import Plan, Planner
from store.layout import ArraySpec, choose_layout, estimate_bytes
from store.leases import arrays_in_use, lease_of, taking_lease
from store.listings import listing_name, require_usable, write_listing
from store.lock import exclusive
from store.preparation import prepare_arrays, require_once
from store.query import Column, Query
from store.reading import read_rows
from store.segments import Segment, committed_blocks, outside, shard_bytes, stored_arrays
from store.shelves import settle, shelf_of
from store.snapshot import Footers, Snapshot, require_segments
from store.writer import Writer

STORE_FORMAT = 2


def create_store(
    home: Home, store_id: str, *, expected_rows: int, at: str = "", **card_fields: Any
) -> "FeatureStore":
    """Publish an empty store, or open it where it exists.

    Args:
        home: Where the artefacts are.
        store_id: The store's id.
        expected_rows: How many images it will hold, roughly; decides how it lies on disk.
        at: Where stores are that this home has not yet, as ``s3://bucket/prefix``; empty for in the home.
        **card_fields: What the store is made from, for its card. JSON values.

    Raises:
        StoreError: The home cannot be written, or the store that exists cannot be read.
    """
    if not home.has("stores", store_id):
        with home.publishing("stores", store_id) as staging:
            layout = {
                "store_format": STORE_FORMAT,
                "expected_rows": expected_rows,
                "block_rows": choose_layout(1, "", expected_rows).block_rows,
            }
            write_card(staging, "stores", store_id, **layout, **card_fields)
            create_root(staging)
            (staging / "index").mkdir()
            (staging / "leases").mkdir()
            if at:
                settle(staging, f"{at.rstrip('/')}/{store_id}")
    return open_store(home.folder("stores", store_id))


def open_store(folder: Path) -> "FeatureStore":
    """Open a store.

    Raises:
        StoreError: It is absent, damaged, or was written by another version of the program.
    """
    if not (folder / "card.json").is_file():
        raise StoreError(f"There is no store at {folder}: extract features first.")
    card = read_card(folder)
    version = card.get("store_format", 1)
    if version != STORE_FORMAT:
        raise StoreError(
            f"The store {folder} has format {version}, but this version reads format "
            f"{STORE_FORMAT}: "
            + (
                "update MINT workbench."
                if version > STORE_FORMAT
                else "delete it and extract again."
            )
        )
    whole = all((folder / part).is_dir() for part in ("index", "activations.zarr"))
    if not whole or not {"block_rows", "expected_rows"} <= card.keys():
        raise StoreError(
            f"{folder} is not a whole store: restore it from a backup, or delete it and extract "
            "again."
        )
    return FeatureStore(folder, card)


class FeatureStore:
    """Reads one store, and hands out its writers. ``open_store`` makes one.

    Every call sees what is committed by then, also by other processes.

    Args:
        folder: The store's folder.
        card: Its card.
    """

    def __init__(self, folder: Path, card: Card) -> None:
        self.folder = folder
        self.shelf = shelf_of(folder)
        self.card = card
        self.block_rows: int = card["block_rows"]
        self._footers = Footers(folder, self.block_rows)
        self._arrays: dict[tuple[str, str], Array] = {}

    def __reduce__(self) -> tuple[Callable[[Path], "FeatureStore"], tuple[Path]]:
        """Travel to another process as the name of a folder."""
        return open_store, (self.folder.absolute(),)

    def specs(self) -> dict[str, ArraySpec]:
        """Give the arrays that have committed rows, by key.

        Raises:
            StoreError: The index is damaged or of another format.
        """
        segments = self._seen().segments
        return {key: array.spec for key, array in stored_arrays(segments).items()}

    def plan(self, sample_ids: Sequence[str], keys: Sequence[str]) -> Plan:
        """Tell what of some images and arrays is there, and what is left to compute.

        A sample that failed counts as present, so that it is not computed again.

        Args:
            sample_ids: The wanted samples; repeats are folded.
            keys: The wanted arrays.

        Raises:
            StoreError: The index is damaged or of another format.
        """
        return index.make_plan(self._seen(), sample_ids, keys)

    def planner(self) -> Planner:
        """Give what plans against all that is committed by now, and nothing that comes later.

        Raises:
            StoreError: The index is damaged or of another format.
        """
        self.shelf.refresh()
        return Planner(Footers(self.folder, self.block_rows).snapshot())

    def count_failed(self, samples: Sequence[Path], keys: Sequence[str]) -> int:
        """Count the readable images of some samples tables that failed in one of some arrays.

        Raises:
            StoreError: The index is damaged or of another format, or a table cannot be read.
        """
        return count_failed(self._seen(), samples, keys)

    def holdings(self, samples: Sequence[Path]) -> list[Holding]:
        """Count the readable images of some samples tables by the arrays that are there of them.

        Raises:
            StoreError: The index is damaged or of another format, or a table cannot be read.
        """
        return count_holdings(self._seen(), samples)

    def locate(self, key: str, sample_ids: Sequence[str]) -> np.ndarray:
        """Find the rows of samples in an array.

        Returns:
            (N,) int64; -1 where the sample is absent or failed.

        Raises:
            StoreError: The index is damaged or of another format.
        """
        return index.find_rows(self._seen(), key, sample_ids)

    def failures(self, sample_ids: Sequence[str]) -> list[dict[str, Any]]:
        """List the samples that failed: ``sample_id``, ``status`` and ``reason``.

        Raises:
            StoreError: The index is damaged or of another format.
        """
        return index.find_failures(self._seen(), sample_ids)

    def select(self, wanted: Query) -> pa.Table:
        """Give the images of listed datasets that match, in the order of datasets and positions.

        Returns:
            ``dataset``, ``position``, ``sample_id``, ``membership``, ``label``, ``identity``,
            ``split``, ``status``, ``reason``; a row for every dataset that lists the image.

        Raises:
            StoreError: The index is damaged or of another format.
        """
        return query.select(self._seen(), wanted)

    def count(self, by: Sequence[Column], wanted: Query | None = None) -> list[dict[str, Any]]:
        """Count the images of listed datasets by the values of some columns.

        Args:
            by: The columns.
            wanted: Only what matches this.

        Returns:
            One dictionary a group, sorted: the columns, and ``images``.

        Raises:
            StoreError: A column cannot be counted by, or the index is damaged.
        """
        return query.count(self._seen(), wanted or Query(), by)

    def blocks(self) -> frozenset[int]:
        """Give the numbers of the blocks that have rows by now.

        Raises:
            StoreError: They cannot be known.
        """
        self.shelf.refresh()
        return committed_blocks(self.folder)

    def read(self, key: str, rows: np.ndarray) -> np.ndarray:
        """Read rows of an array; fastest where they are near each other.

        Args:
            key: The array.
            rows: (N,) int64 from ``locate``, in any order, repeated or not.

        Returns:
            (N, *shape) in the order of ``rows``; float32 for bfloat16.

        Raises:
            StoreError: The array or a row does not exist, or a file is missing or damaged.
        """
        rows = np.asarray(rows, np.int64)
        segments = self._holding(key)
        array = self._array(key, segments)
        if (strange := outside(segments, rows)) is not None:
            raise StoreError(
                f"Row {strange} of {key} in {self.folder} does not exist: read the rows that "
                "locate() gives, without its -1."
            )
        sizes = shard_bytes(segments, key, self.block_rows // shard_rows(array))
        values = read_rows(self.shelf, key, array, sizes, rows)
        return from_bits(values) if segments[0].arrays[key].spec.dtype == "bfloat16" else values

    def chunk_rows(self, key: str) -> int:
        """Give the rows that a read fetches at least.

        Raises:
            StoreError: The array does not exist.
        """
        return int(self._array(key, self._holding(key)).chunks[0])

    @contextmanager
    def writer(self, specs: Sequence[ArraySpec], rows: int) -> Iterator[Writer]:
        """Open the store for writing, beside any other writers.

        Args:
            specs: The arrays that every commit will give.
            rows: How many rows will be written at most, to see whether they fit on the disk.

        Yields:
            The writer; it holds a lease as long as the block runs.

        Raises:
            StoreError: The arrays do not fit those that exist, or the disk is too small.
        """
        require_once(specs)
        self.require_room(estimate_bytes(specs, rows), specs)
        self.shelf.refresh(at_once=True)
        with taking_lease(self.folder) as lease:
            with exclusive(self.folder) as lock:
                there = self._footers.snapshot()
                require_segments(there)
                committed = {
                    key: array.spec for key, array in stored_arrays(there.segments).items()
                }
                in_use = arrays_in_use(self.folder, lock, but=lease)
                arrays = prepare_arrays(
                    self.shelf, specs, committed, in_use, self.card["expected_rows"]
                )
                lease.claim([spec.key for spec in specs])
            writer = Writer(self.shelf, self.block_rows, arrays, lease)
            try:
                yield writer
            finally:
                writer.close()

    def join(self, lease: str, specs: Sequence[ArraySpec]) -> Writer:
        """Join the writer of another process, which publishes the blocks that are finished here.

        Args:
            lease: Token of its lease.
            specs: Its arrays.

        Raises:
            StoreError: An array is missing or damaged.
        """
        arrays = {spec: open_array(self.folder, spec) for spec in specs}
        return Writer(self.shelf, self.block_rows, arrays, lease_of(self.folder, lease))

    def list_dataset(self, dataset: str, version: str, samples: Path) -> None:
        """Let the store know which images a dataset has, so that ``select`` and ``count`` do.

        Args:
            dataset: The dataset's id.
            version: Tells this content from another under the same id; the same again is nothing.
            samples: Its samples table, with the columns of ``store.samples.SAMPLES_SCHEMA``.

        Raises:
            StoreError: The id is not usable, the table cannot be read, or the disk is full.
        """
        require_usable(dataset)
        with exclusive(self.folder):
            known = self._footers.snapshot().listings
            if (dataset, version) not in {(listing.dataset, listing.version) for listing in known}:
                write_listing(self.folder, dataset, version, samples)
                self.shelf.share(f"index/{listing_name(dataset)}")

    def seal_due(self) -> bool:
        """Tell whether enough has come since the last seal to make sealing worth its time.

        Raises:
            StoreError: The index is damaged or of another format.
        """
        return sealing.is_due(self._seen())

    def seal(self) -> Path | None:
        """Sort the index of all that is committed into one read-only file; see ``store.sealing``.

        Raises:
            StoreError: The index is damaged, or the disk is full.
        """
        self.shelf.refresh()
        return sealing.seal(self.folder, self.block_rows)

    def info(self) -> dict[str, Any]:
        """Count what the store holds; JSON values, sizes in bytes on disk.

        Raises:
            StoreError: The index is damaged or of another format.
        """
        return describe(self.shelf, self.card["id"], self._seen())

    def require_room(self, needed_bytes: int, specs: Sequence[ArraySpec]) -> None:
        """Make sure that the disk has room for what is about to be written.

        Args:
            needed_bytes: All of it.
            specs: The arrays that are written.

        Raises:
            StoreError: It has not; the message says what is free, and what is needed.
        """
        self.shelf.require_room(needed_bytes, estimate_bytes(specs, self.block_rows))

    def _seen(self) -> Snapshot:
        """See what is committed by now; not for whoever holds the store's lock."""
        self.shelf.refresh()
        return self._footers.snapshot()

    def _holding(self, key: str) -> list[Segment]:
        segments = self._seen().segments
        holding = [segment for segment in segments if segment.holds([key])]
        if not holding:
            there = ", ".join(self.specs()) or "nothing yet"
            raise StoreError(f"The store {self.folder} has no {key}; it has {there}.")
        return holding

    def _array(self, key: str, holding: Sequence[Segment]) -> Array:
        stored = holding[0].arrays[key]
        known = (key, stored.metadata_digest)  # it may be dropped and made anew, otherwise
        if known not in self._arrays:
            array = open_array(self.folder, stored.spec)
            check_metadata(self.folder, key, stored.metadata_digest)
            self._arrays[known] = array
        return self._arrays[known]
