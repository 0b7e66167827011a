"""Committing blocks: whole shards first, then the one segment that makes their rows exist."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from store.activations import (
    Array,
    array_folder,
    metadata_file,
    shard_file,
    shard_name,
    shard_rows,
)
from store.bfloat16 import to_bits
from store.digests import digest_file
from store.durability import flush_file
from store.errors import StoreError
from store.index import ids_column
from store.layout import ArraySpec
from store.leases import Lease
from store.lock import exclusive
from store.segments import (
    OK,
    SEGMENT_SCHEMA,
    Segment,
    StoredArray,
    next_block,
    segment_name,
    write_segment,
)
from store.shards import chunk_format, write_shard

FLUSHES_AT_ONCE = 8
NO_FAILURES: Mapping[str, tuple[str, str]] = MappingProxyType({})

ShardBytes = dict[str, tuple[int, ...]]


class Writer:
    """Appends blocks of rows to a set of arrays; only ``FeatureStore.writer`` makes one.

    Shards are written where nobody reads, and get their place in the store only when they are
    published, under the store's lock. So no other writer, however late, can meet them.

    Args:
        folder: The store.
        block_rows: Rows a block.
        arrays: The arrays that every commit gives, open.
        lease: This run's lease.
    """

    def __init__(
        self, folder: Path, block_rows: int, arrays: Mapping[ArraySpec, Array], lease: Lease
    ) -> None:
        self._folder = folder
        self._block_rows = block_rows
        self._specs = {spec.key: spec for spec in arrays}
        self._arrays = {spec.key: array for spec, array in arrays.items()}
        self._formats = {key: chunk_format(array) for key, array in self._arrays.items()}
        self._metadata = {key: digest_file(metadata_file(folder, key)) for key in self._arrays}
        self._lease = lease
        self._closed = False

    def commit(
        self,
        sample_ids: Sequence[str],
        arrays: Mapping[str, np.ndarray],
        failures: Mapping[str, tuple[str, str]] = NO_FAILURES,
    ) -> int:
        """Write one block. It exists when this returns, and not in part when it does not.

        Threads may commit at the same time.

        Args:
            sample_ids: The N samples, at most ``block_rows``, all different.
            arrays: For every array's key its values, (N, *shape) in the array's dtype (float32 for
                bfloat16).
            failures: (status, reason) of the samples that failed; their rows are kept as NaN.

        Returns:
            The block number.

        Raises:
            StoreError: The values do not fit the arrays, the disk cannot be written, or another
                run has taken over this one's lease.
        """
        self._check_samples(sample_ids, failures)
        for key in self._specs.keys() | arrays.keys():
            self._check_values(key, arrays.get(key), len(sample_ids))
        failed = np.flatnonzero([sample_id in failures for sample_id in sample_ids])
        try:
            with TemporaryDirectory(dir=self._lease.folder, ignore_cleanup_errors=True) as staging:
                sizes = self._write_shards(Path(staging), arrays, len(sample_ids), failed)
                with exclusive(self._folder):
                    self._lease.require()
                    block = next_block(self._folder)
                    self._publish(Path(staging), block, sizes, _rows(sample_ids, failures))
        except (OSError, RuntimeError, ValueError) as error:
            self._lease.require()
            raise StoreError(
                f"A block of the store {self._folder} could not be written ({error}): what was "
                "committed before is safe; make room or repair the disk, then run again."
            ) from error
        return block

    def close(self) -> None:
        """Refuse further commits, since the lease is about to be given back."""
        self._closed = True

    def _check_samples(
        self, sample_ids: Sequence[str], failures: Mapping[str, tuple[str, str]]
    ) -> None:
        if self._closed:
            raise StoreError(f"This writer of {self._folder} is closed: open another.")
        if not 1 <= len(sample_ids) <= self._block_rows:
            raise StoreError(
                f"A commit has 1 to {self._block_rows} samples, not {len(sample_ids)}: split it."
            )
        if len(set(sample_ids)) < len(sample_ids):
            raise StoreError("A sample id occurs twice in one commit: leave out the repeats.")
        ids_column(sample_ids)
        for sample_id, (status, _) in failures.items():
            if status == OK or not status:
                raise StoreError(f"The failure of {sample_id} has status {status!r}: name it.")
        if strangers := failures.keys() - set(sample_ids):
            raise StoreError(f"{min(strangers)} failed, but is not among the commit's samples.")

    def _check_values(self, key: str, values: np.ndarray | None, count: int) -> None:
        spec = self._specs.get(key)
        if spec is None or values is None:
            raise StoreError(f"This writer takes {', '.join(self._specs)}: {key} does not fit.")
        if values.shape != (count, *spec.shape) or values.dtype != spec.values_dtype:
            raise StoreError(
                f"{key} takes {(count, *spec.shape)} {spec.values_dtype}, but was given "
                f"{values.shape} {values.dtype}: convert it before the commit."
            )

    def _write_shards(
        self, staging: Path, arrays: Mapping[str, np.ndarray], count: int, failed: np.ndarray
    ) -> ShardBytes:
        """Write and flush all shards of a block; give their sizes by key."""
        sizes: dict[str, list[int]] = {key: [] for key in self._arrays}
        with ThreadPoolExecutor(FLUSHES_AT_ONCE) as threads:
            flushes = []
            for key, array in self._arrays.items():
                (staging / key).mkdir(parents=True)
                for shard, start in enumerate(range(0, count, shard_rows(array))):
                    stop = min(start + shard_rows(array), count)
                    failed_here = failed[(failed >= start) & (failed < stop)] - start
                    values = self._encoded(key, arrays[key][start:stop], failed_here)
                    file = staging / key / shard_name(array, shard)
                    sizes[key].append(write_shard(file, values, self._formats[key]))
                    flushes.append(threads.submit(flush_file, file))
            for flush in flushes:
                flush.result()
        return {key: tuple(found) for key, found in sizes.items()}

    def _encoded(self, key: str, values: np.ndarray, failed: np.ndarray) -> np.ndarray:
        """Give values as they lie on disk, with the fill value where the image failed."""
        if self._specs[key].dtype == "bfloat16":
            values = to_bits(values)
        if len(failed):
            values = values.copy()
            values[failed] = self._arrays[key].fill_value
        return values

    def _publish(self, staging: Path, block: int, sizes: ShardBytes, rows: pa.Table) -> None:
        """Give the shards their place and commit their rows; the caller holds the store's lock."""
        for key, array in self._arrays.items():
            shards_a_block = self._block_rows // shard_rows(array)
            for shard in range(shards_a_block):
                target = shard_file(self._folder, key, array, block * shards_a_block + shard)
                if shard < len(sizes[key]):
                    (staging / key / shard_name(array, shard)).rename(target)
                else:  # what a run left that died just before its segment
                    target.unlink(missing_ok=True)
            flush_file(array_folder(self._folder, key))
        first_row = block * self._block_rows
        stored = {
            key: StoredArray(spec, sizes[key], self._metadata[key])
            for key, spec in self._specs.items()
        }
        segment = Segment(segment_name(block), block, first_row, rows.num_rows, stored)
        numbers = pa.array(np.arange(first_row, segment.stop_row))
        write_segment(self._folder, segment, rows.add_column(0, SEGMENT_SCHEMA[0], numbers))


def _rows(sample_ids: Sequence[str], failures: Mapping[str, tuple[str, str]]) -> pa.Table:
    """Give the rows of a segment, without their numbers."""
    statuses: list[str] = [OK] * len(sample_ids)
    reasons: list[str | None] = [None] * len(sample_ids)
    places = {sample_id: place for place, sample_id in enumerate(sample_ids)} if failures else {}
    for sample_id, (status, reason) in failures.items():
        statuses[places[sample_id]], reasons[places[sample_id]] = status, reason
    columns = {
        "sample_id": pa.array(sample_ids, pa.string()),
        "status": pa.array(statuses, pa.string()).dictionary_encode(),
        "reason": pa.array(reasons, pa.string()),
    }
    return pa.table(columns, schema=SEGMENT_SCHEMA.remove(0))
