"""Committing blocks: whole shards first, then the one segment that makes their rows exist."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from store.activations import Array, metadata_file
from store.bfloat16 import to_bits
from store.claim import Claim
from store.digests import digest_file
from store.errors import StoreError
from store.index import ids_column
from store.layout import ArraySpec
from store.leases import Lease
from store.publication import Publication
from store.segments import OK, StoredArray
from store.shelf import Shelf
from store.staging import StagedArrays

NO_FAILURES: Mapping[str, tuple[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class StagedBlock:
    """A block that is on disk, but that nobody sees: whoever holds the lease may publish it.

    Attributes:
        folder: Where its shards wait, in the folder of the lease.
        sizes: The sizes of its shards by array key.
        outcomes: Sample id -> status and reason, in the order of its rows.
        claim: Its number on object storage, where its shards are there already.
    """

    folder: Path
    sizes: Mapping[str, tuple[int, ...]]
    outcomes: Mapping[str, tuple[str, str | None]]
    claim: Claim | None = None

    @property
    def lease(self) -> str:
        """Token of the lease with which it can be published."""
        return self.folder.parent.name


class Writer:
    """Appends blocks of rows to a set of arrays; only a ``FeatureStore`` makes one.

    Args:
        shelf: Where the store is.
        block_rows: Rows a block.
        arrays: The arrays that every block gives, open.
        lease: This run's lease.
    """

    def __init__(
        self, shelf: Shelf, block_rows: int, arrays: Mapping[ArraySpec, Array], lease: Lease
    ) -> None:
        self.shelf, self.block_rows, self.lease = shelf, block_rows, lease
        self.specs = {spec.key: spec for spec in arrays}
        self.arrays = {spec.key: array for spec, array in arrays.items()}
        self.metadata = {key: digest_file(metadata_file(shelf.folder, key)) for key in self.arrays}
        self._closed = False

    @contextmanager
    def block(self) -> Iterator["Block"]:
        """Begin a block. Nothing of it exists before it is published; one that is not finished is dropped.

        Threads may each have a block.

        Raises:
            StoreError: The writer is closed, or the disk cannot be written.
        """
        if self._closed:
            raise StoreError(f"This writer of {self.shelf.place} is closed: open another.")
        with self.writing():
            staging = Path(tempfile.mkdtemp(dir=self.lease.folder))
            staged = StagedArrays(staging, self.arrays)
        block = Block(self, staging, staged)
        try:
            yield block
        finally:
            staged.close()
            if not block.finished:
                shutil.rmtree(staging, ignore_errors=True)

    def commit(
        self,
        sample_ids: Sequence[str],
        arrays: Mapping[str, np.ndarray],
        failures: Mapping[str, tuple[str, str]] = NO_FAILURES,
    ) -> int:
        """Write one block at once: ``Block.append`` and ``Block.commit``.

        Returns:
            The block number.
        """
        with self.block() as block:
            block.append(sample_ids, arrays, failures)
            return block.commit()

    def upload(self, staged: StagedBlock) -> StagedBlock:
        """Take the shards of a block to where they will be, where that is not the store's folder.

        Raises:
            StoreError: The object storage does not answer, or another run has taken over this one's lease.
        """
        with self.writing():
            claim = self.shelf.upload(self._ready(staged))
        if claim is not None:
            for key in staged.sizes:
                shutil.rmtree(staged.folder / key, ignore_errors=True)
        return replace(staged, claim=claim)

    def publish(self, staged: StagedBlock) -> int:
        """Give a block its number: its rows exist when this returns, and none of them when it does not.

        Returns:
            The block number.

        Raises:
            StoreError: The disk cannot be written, or another run has taken over this one's lease.
        """
        try:
            with self.writing():
                return self.shelf.publish(self._ready(staged))
        finally:
            shutil.rmtree(staged.folder, ignore_errors=True)

    def close(self) -> None:
        """Refuse further commits, since the lease is about to be given back."""
        self._closed = True

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn what the disk says into one sentence for the person.

        Raises:
            StoreError: The disk cannot be written, or another run has taken over the lease.
        """
        try:
            yield
        except (OSError, RuntimeError, ValueError) as error:
            self.lease.require()
            raise StoreError(
                f"A block of the store {self.shelf.place} could not be written ({error}): what was "
                "committed before is safe; make room or repair the disk, then run again."
            ) from error

    def _ready(self, staged: StagedBlock) -> Publication:
        stored = {
            key: StoredArray(spec, staged.sizes[key], self.metadata[key])
            for key, spec in self.specs.items()
        }
        return Publication(
            self.lease,
            self.block_rows,
            self.arrays,
            stored,
            staged.folder,
            staged.outcomes,
            staged.claim,
        )


class Block:
    """One block of rows on its way; ``Writer.block`` gives one.

    Shards are written where nobody reads, and get their place in the store only when they are
    published, under the store's lock. So no other writer, however late, can meet them.

    Args:
        writer: Who writes it.
        staging: The folder of its shards.
        staged: Its shards.
    """

    def __init__(self, writer: Writer, staging: Path, staged: StagedArrays) -> None:
        self._writer, self._staging, self._staged = writer, staging, staged
        self._outcomes: dict[str, tuple[str, str | None]] = {}
        self.finished = False

    def append(
        self,
        sample_ids: Sequence[str],
        arrays: Mapping[str, np.ndarray],
        failures: Mapping[str, tuple[str, str]] = NO_FAILURES,
    ) -> None:
        """Append rows; their values are on their way to the disk when this returns.

        Args:
            sample_ids: N samples, all different; a block takes ``block_rows`` in all.
            arrays: For every array's key its values, (N, *shape) in the array's dtype (float32 for
                bfloat16).
            failures: (status, reason) of the samples that failed; their rows are kept as NaN.

        Raises:
            StoreError: The values do not fit the arrays, or the disk cannot be written.
        """
        self._check_samples(sample_ids, failures)
        for key in self._writer.specs.keys() | arrays.keys():
            self._check_values(key, arrays.get(key), len(sample_ids))
        failed = np.flatnonzero([sample_id in failures for sample_id in sample_ids])
        with self._writer.writing():
            self._staged.append(
                {key: self._stored(key, values, failed) for key, values in arrays.items()}
            )
        self._outcomes |= dict.fromkeys(sample_ids, (OK, None)) | dict(failures)

    def finish(self) -> StagedBlock:
        """Flush what was appended; it is left to ``Writer.publish``, here or in another process.

        Raises:
            StoreError: The block has no rows, or the disk cannot be written.
        """
        if not self._outcomes:
            raise StoreError("A block without rows cannot be committed: append some first.")
        with self._writer.writing():
            sizes = self._staged.finish()
        self.finished = True
        return StagedBlock(self._staging, sizes, self._outcomes)

    def commit(self) -> int:
        """Publish the block at once: ``finish`` and ``Writer.publish``."""
        return self._writer.publish(self.finish())

    def _check_samples(
        self, sample_ids: Sequence[str], failures: Mapping[str, tuple[str, str]]
    ) -> None:
        count = len(self._outcomes) + len(sample_ids)
        if not sample_ids or count > self._writer.block_rows:
            raise StoreError(
                f"A block has 1 to {self._writer.block_rows} samples, not {count}: split it."
            )
        if len(set(sample_ids)) < len(sample_ids) or not self._outcomes.keys().isdisjoint(
            sample_ids
        ):
            raise StoreError("A sample id occurs twice in one block: leave out the repeats.")
        ids_column(sample_ids)
        for sample_id, (status, _) in failures.items():
            if status == OK or not status:
                raise StoreError(f"The failure of {sample_id} has status {status!r}: name it.")
        if strangers := failures.keys() - set(sample_ids):
            raise StoreError(f"{min(strangers)} failed, but is not among the samples given.")

    def _check_values(self, key: str, values: np.ndarray | None, count: int) -> None:
        specs = self._writer.specs
        spec = specs.get(key)
        if spec is None or values is None:
            raise StoreError(f"This writer takes {', '.join(specs)}: {key} does not fit.")
        if values.shape != (count, *spec.shape) or values.dtype != spec.values_dtype:
            raise StoreError(
                f"{key} takes {(count, *spec.shape)} {spec.values_dtype}, but was given "
                f"{values.shape} {values.dtype}: convert it first."
            )

    def _stored(self, key: str, values: np.ndarray, failed: np.ndarray) -> np.ndarray:
        """Give values as they lie on disk, with the fill value where the image failed."""
        if self._writer.specs[key].dtype == "bfloat16":
            values = to_bits(values)
        if len(failed):
            values = values.copy()
            values[failed] = self._writer.arrays[key].fill_value
        return values
