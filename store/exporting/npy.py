"""Plain numpy: a ``.npy`` file an array, the samples as Parquet, and a manifest."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow.parquet as pq

from store.exporting.manifest import describe, described_file, write_manifest
from store.exporting.selection import Activations, Selection, window_rows, windows

ROW_GROUP_ROWS = 65_536


def write_npy(selection: Selection, folder: Path) -> None:
    """Write ``<layer>.<view>.npy`` of shape (N, *shape) an array, and the samples in their order.

    Raises:
        StoreError: The store is damaged.
        OSError: The folder cannot be written.
    """
    facts = describe(selection, "npy")
    samples = folder / "samples.parquet"
    pq.write_table(selection.samples, samples, row_group_size=ROW_GROUP_ROWS, compression="zstd")
    facts["samples"] = described_file(samples)
    for array, fact in zip(selection.arrays, facts["arrays"], strict=True):
        file = folder / f"{array.name}.npy"
        # a stream, not a memory map: on a full disk that is an error, not a dead process
        with file.open("wb") as stream:
            _write_values(stream, array)
        fact.update(described_file(file))
    write_manifest(folder, facts)


def _write_values(stream: BinaryIO, array: Activations) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(array.dtype),
        "fortran_order": False,
        "shape": (len(array.rows), *array.shape),
    }
    np.lib.format.write_array_header_1_0(stream, header)
    for start, stop in windows(len(array.rows), window_rows(array.row_bytes)):
        stream.write(array.read(start, stop).data)
