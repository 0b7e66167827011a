"""Committing blocks: whole shards first, then the one segment that makes their rows exist."""

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from store.activations import (
    Array,
    create_array,
    for_writing,
    open_array,
    remove_array,
    shard_file,
    shard_rows,
    unfinished_arrays,
)
from store.durability import flush_file
from store.errors import StoreError
from store.layout import ArraySpec
from store.segments import OK, SEGMENT_SCHEMA, next_block, write_segment

SHARDS_AT_ONCE = 8
NO_FAILURES: Mapping[str, tuple[str, str]] = MappingProxyType({})

_SAMPLE_ID = re.compile(r"[0-9a-f]{32}")


class Writer:
    """Appends blocks of rows to a set of arrays; only ``FeatureStore.writer`` makes one.

    Args:
        folder: The store, whose lock the caller holds.
        block_rows: Rows a block.
        specs: The arrays that every commit gives.
        arrays: The same arrays, open.
    """

    def __init__(
        self,
        folder: Path,
        block_rows: int,
        specs: Sequence[ArraySpec],
        arrays: Mapping[str, Array],
    ) -> None:
        self._folder = folder
        self._block_rows = block_rows
        self._specs = {spec.key: spec for spec in specs}
        self._arrays = {key: for_writing(array) for key, array in arrays.items()}
        self._closed = False

    def commit(
        self,
        sample_ids: Sequence[str],
        arrays: Mapping[str, np.ndarray],
        failures: Mapping[str, tuple[str, str]] = NO_FAILURES,
    ) -> int:
        """Write one block. It exists when this returns, and not in part when it does not.

        Args:
            sample_ids: The N samples, at most ``block_rows``, all different.
            arrays: For every array's key its values, (N, *shape) in the array's dtype.
            failures: (status, reason) of the samples that failed; their rows are kept as NaN.

        Returns:
            The block number.

        Raises:
            StoreError: The values do not fit the arrays, or the disk cannot be written.
        """
        self._check_samples(sample_ids, failures)
        for key in self._specs.keys() | arrays.keys():
            self._check_values(key, arrays.get(key), len(sample_ids))
        block = next_block(self._folder)
        failed = np.flatnonzero([sample_id in failures for sample_id in sample_ids])
        try:
            shard_bytes = self._write_shards(block, arrays, len(sample_ids), failed)
            rows = self._segment_rows(block, sample_ids, failures)
            write_segment(self._folder, block, rows, list(self._specs.values()), shard_bytes)
        except (OSError, RuntimeError, ValueError) as error:
            raise StoreError(
                f"Block {block} of the store {self._folder} could not be written ({error}): what "
                "was committed before is safe; make room or repair the disk, then run again."
            ) from error
        return block

    def close(self) -> None:
        """Refuse further commits, since the lock is about to be given back."""
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
        for sample_id in sample_ids:
            if not _SAMPLE_ID.fullmatch(sample_id):
                raise StoreError(f"{sample_id!r} is not a sample id of 32 hex digits.")
        for sample_id, (status, _) in failures.items():
            if status == OK or not status:
                raise StoreError(f"The failure of {sample_id} has status {status!r}: name it.")
        if strangers := failures.keys() - set(sample_ids):
            raise StoreError(f"{min(strangers)} failed, but is not among the commit's samples.")

    def _check_values(self, key: str, values: np.ndarray | None, count: int) -> None:
        spec = self._specs.get(key)
        if spec is None or values is None:
            raise StoreError(f"This writer takes {', '.join(self._specs)}: {key} does not fit.")
        if values.shape != (count, *spec.shape) or values.dtype != np.dtype(spec.dtype):
            raise StoreError(
                f"{key} takes {(count, *spec.shape)} {spec.dtype}, but was given {values.shape} "
                f"{values.dtype}: convert it before the commit."
            )

    def _write_shards(
        self, block: int, arrays: Mapping[str, np.ndarray], count: int, failed: np.ndarray
    ) -> dict[str, list[int]]:
        """Write and flush all shards of a block; give their sizes by key."""

        def write(job: tuple[str, int]) -> int:
            key, start = job
            stop = min(start + shard_rows(self._arrays[key]), count)
            values = arrays[key][start:stop]
            failed_here = failed[(failed >= start) & (failed < stop)] - start
            return self._write_shard(key, block * self._block_rows + start, values, failed_here)

        discard_block(self._folder, self._arrays, block, self._block_rows)
        jobs = [
            (key, start)
            for key, array in self._arrays.items()
            for start in range(0, count, shard_rows(array))
        ]
        with ThreadPoolExecutor(SHARDS_AT_ONCE) as threads:
            sizes = list(zip(jobs, threads.map(write, jobs), strict=True))
        for key, array in self._arrays.items():
            flush_file(shard_file(self._folder, key, array, 0).parent)
        return {key: [size for job, size in sizes if job[0] == key] for key in self._arrays}

    def _write_shard(self, key: str, row: int, values: np.ndarray, failed: np.ndarray) -> int:
        array = self._arrays[key]
        if len(failed):
            values = values.copy()
            values[failed] = array.fill_value
        array[row : row + len(values)] = values
        file = shard_file(self._folder, key, array, row // shard_rows(array))
        if not file.exists():  # Zarr makes no file where all is the fill value
            return 0
        flush_file(file)
        return file.stat().st_size

    def _segment_rows(
        self, block: int, sample_ids: Sequence[str], failures: Mapping[str, tuple[str, str]]
    ) -> pa.Table:
        first = block * self._block_rows
        outcomes = [failures.get(sample_id, (OK, None)) for sample_id in sample_ids]
        statuses = pa.array([status for status, _ in outcomes], pa.string())
        columns = {
            "row": np.arange(first, first + len(sample_ids)),
            "sample_id": pa.array(sample_ids, pa.string()),
            "status": statuses.dictionary_encode(),
            "reason": pa.array([reason for _, reason in outcomes], pa.string()),
        }
        return pa.table(columns, schema=SEGMENT_SCHEMA)


def prepare_arrays(
    folder: Path, block_rows: int, specs: Sequence[ArraySpec], committed: Collection[ArraySpec]
) -> dict[str, Array]:
    """Clear what a crashed attempt left, make the arrays that are new, and open all of ``specs``.

    Args:
        folder: The store, whose lock the caller holds.
        block_rows: Rows a block.
        specs: The arrays that will be written.
        committed: The arrays that have rows.
    """
    keys = {spec.key for spec in committed}
    for key in unfinished_arrays(folder, keys):
        remove_array(folder, key)
    old = {spec.key: open_array(folder, spec) for spec in committed}
    discard_block(folder, old, next_block(folder), block_rows)
    for spec in specs:
        if spec.key not in keys:
            create_array(folder, spec, block_rows)
    return {spec.key: open_array(folder, spec) for spec in specs}


def discard_block(folder: Path, arrays: Mapping[str, Array], block: int, block_rows: int) -> None:
    """Delete the shards of a block that no segment names, so that each is written afresh."""
    for key, array in arrays.items():
        shards_a_block = block_rows // shard_rows(array)
        for shard in range(block * shards_a_block, (block + 1) * shards_a_block):
            shard_file(folder, key, array, shard).unlink(missing_ok=True)
