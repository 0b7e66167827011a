"""AnnData: a Zarr v3 store in the on-disk format of anndata 0.12, without anndata itself.

The format is published at https://anndata.readthedocs.io/en/stable/fileformat-prose.html.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from store.exporting.dataframes import encoding, write_dataframe
from store.exporting.manifest import describe
from store.exporting.sample_table import SAMPLE_ID
from store.exporting.selection import Activations, Selection, window_rows, windows
from store.layout import CHUNK_BYTES

FACTS = "mint"
"""The entry of ``uns`` that says where the values come from."""


def write_anndata(selection: Selection, folder: Path) -> None:
    """Write X, ``obs`` (the samples), ``var`` (the channels of X), ``obsm`` (the other arrays).

    Every array is (N, D), a row flattened in C order, in the dtype of the store: anndata keeps
    float16 as it is.

    Raises:
        StoreError: The store is damaged.
        OSError: The folder cannot be written; with zarrs, RuntimeError.
    """
    root = zarr.create_group(folder, zarr_format=3, attributes=encoding("anndata", "0.1.0"))
    x, *others = selection.arrays
    _write_matrix(root, "X", x)
    obsm = _mapping(root, "obsm")
    for array in others:
        _write_matrix(obsm, array.name, array)
    for name in ("layers", "obsp", "varm", "varp"):
        _mapping(root, name)
    write_dataframe(root, "obs", selection.samples, index=SAMPLE_ID)
    write_dataframe(root, "var", _channels(x.shape), index="channel")
    _write_facts(_mapping(_mapping(root, "uns"), FACTS), selection)


def _write_matrix(group: zarr.Group, name: str, array: Activations) -> None:
    """Write (N, D) values, a shard (one file) a window."""
    images = len(array.rows)
    chunk_rows = min(max(CHUNK_BYTES // array.row_bytes, 1), images)
    shard_rows = max(window_rows(array.row_bytes) // chunk_rows, 1) * chunk_rows
    written: zarr.Array[Any] = group.create_array(
        name,
        shape=(images, array.width),
        dtype=array.dtype,
        chunks=(chunk_rows, array.width),
        shards=(shard_rows, array.width),
        filters=None,
        # zstd pays for maps, not for vectors of float16
        compressors=[*([ZstdCodec(level=1)] if len(array.shape) > 1 else []), Crc32cCodec()],
        # a shard that gets lost reads as NaN, not as zeros
        fill_value=np.nan,
        attributes=encoding("array", "0.2.0"),
    )
    for start, stop in windows(images, shard_rows):
        written[start:stop] = array.read(start, stop)


def _channels(shape: tuple[int, ...]) -> pa.Table:
    """Name the D values of a row by their places: ``"7"`` in a vector, ``"7.0.2"`` in a map."""
    places = np.indices(shape).reshape(len(shape), -1)
    names = [".".join(map(str, place)) for place in places.T.tolist()]
    axes = {f"axis{number}": place for number, place in enumerate(places)}
    return pa.table({"channel": names, **axes})


def _mapping(group: zarr.Group, name: str) -> zarr.Group:
    return group.create_group(name, attributes=encoding("dict", "0.1.0"))


def _write_facts(group: zarr.Group, selection: Selection) -> None:
    for name, fact in describe(selection, "anndata").items():
        scalar = group.create_array(
            name, shape=(), dtype="string", attributes=encoding("string", "0.2.0")
        )
        scalar[...] = json.dumps(fact) if isinstance(fact, list) else str(fact)
