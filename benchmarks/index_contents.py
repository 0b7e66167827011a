"""A store of made-up images: index segments and dataset listings as a run leaves them, no activations."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.artefacts import Home
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec
from store.lock import exclusive
from store.samples import ROW_GROUP_ROWS, SAMPLES_SCHEMA
from store.segments import SEGMENT_SCHEMA, Segment, StoredArray, segment_name, write_segment

SPEC = ArraySpec("layer4", "pooled", (512,))
DATASETS = ("faces", "scenes", "flowers", "street", "scans")
IDENTITIES = 360_000
LABELS = 1_000
FAILED_EVERY = 1_009

_SPLITS = pa.array(["train", "train", "train", "train", "train", "train", "train", "val", "test"])
_MEMBERSHIPS = pa.array(["member", "external"])
_SOME_LARGE_PRIME = 2_654_435_761


def create_synthetic_store(home: Path, rows: int) -> FeatureStore:
    """Make a store of ``rows`` images in five datasets, as if all had been extracted."""
    store = create_store(Home(home), "synthetic", expected_rows=rows)
    for block, first_row in enumerate(range(0, rows, store.block_rows)):
        _write_segment(store, block, min(store.block_rows, rows - first_row))
    for dataset in DATASETS:
        samples = home / f"{dataset}.parquet"
        _write_samples(store, samples, rows, dataset)
        store.list_dataset(dataset, "1", samples)
        samples.unlink()
    return store


def sample_ids(block: int, rows: int) -> pa.Array:
    """Give the ids of a block's images: 128 random bits each, as 32 hex digits."""
    digits = np.random.default_rng(block).bytes(16 * rows).hex().encode()
    offsets = np.arange(0, 32 * rows + 1, 32, dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(digits)]
    )


def label(number: int) -> str:
    """Name a label."""
    return f"n{number:08d}"


def dataset_rows(rows: int, dataset: str) -> tuple[int, int]:
    """Give the first row of a dataset and the row after its last; datasets share no image."""
    number = DATASETS.index(dataset)
    return rows * number // len(DATASETS), rows * (number + 1) // len(DATASETS)


def _write_segment(store: FeatureStore, block: int, rows: int) -> None:
    first_row = block * store.block_rows
    numbers = np.arange(first_row, first_row + rows)
    failed = numbers % FAILED_EVERY == 0
    columns = {
        "row": pa.array(numbers),
        "sample_id": sample_ids(block, rows),
        "status": pa.array(["ok", "unreadable"]).take(pa.array(failed.astype(int))),
        "reason": pa.array([None, "image file is truncated"]).take(pa.array(failed.astype(int))),
    }
    columns["status"] = columns["status"].dictionary_encode()
    stored = StoredArray(SPEC, (rows * SPEC.row_bytes,), "0" * 32)
    segment = Segment(segment_name(block), block, first_row, rows, {SPEC.key: stored})
    with exclusive(store.folder):
        write_segment(store.folder, segment, pa.table(columns, schema=SEGMENT_SCHEMA))


def _write_samples(store: FeatureStore, file: Path, rows: int, dataset: str) -> None:
    first_row, stop_row = dataset_rows(rows, dataset)
    with pq.ParquetWriter(file, SAMPLES_SCHEMA, compression="zstd") as parquet:
        for block, begin, stop in _pieces(first_row, stop_row, store.block_rows):
            block_ids = sample_ids(block, min(store.block_rows, rows - block * store.block_rows))
            ids = block_ids.slice(begin - block * store.block_rows, stop - begin)
            parquet.write_table(_samples(ids, np.arange(begin, stop)), ROW_GROUP_ROWS)


def _pieces(first_row: int, stop_row: int, block_rows: int) -> Iterator[tuple[int, int, int]]:
    """Cut rows where blocks end; give block, first row and stop row of each piece."""
    for block in range(first_row // block_rows, (stop_row - 1) // block_rows + 1):
        start = block * block_rows
        yield block, max(first_row, start), min(stop_row, start + block_rows)


def _samples(ids: pa.Array, rows: np.ndarray) -> pa.Table:
    mixed = rows * _SOME_LARGE_PRIME % 2**32  # neighbours in a file share nothing
    identities = np.char.mod("person-%06d", mixed % IDENTITIES)
    columns = {
        "sample_id": ids,
        "uri": pa.array(np.char.mod("images/%08d.jpg", rows)),
        "membership": _MEMBERSHIPS.take(pa.array(mixed // 7 % 2)),
        "label": pa.array(np.char.mod("n%08d", mixed // 11 % LABELS)),
        "identity": pa.array(identities),
        "split": _SPLITS.take(pa.array(mixed // 13 % len(_SPLITS))),
        "status": pa.array(["ok"]).take(pa.array(np.zeros(len(rows), int))),
        "reason": pa.nulls(len(rows), pa.string()),
        "width": pa.array(np.full(len(rows), 112, np.int32)),
        "height": pa.array(np.full(len(rows), 112, np.int32)),
        "perceptual": pa.array(mixed.astype(np.uint64)),
    }
    return pa.table(columns, schema=SAMPLES_SCHEMA)
