"""Exporting the activations of chosen images: one folder, whole or not there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from store.disk import require_free
from store.errors import StoreError
from store.exporting.anndata import write_anndata
from store.exporting.npy import write_npy
from store.exporting.parquet import write_parquet
from store.exporting.publication import publishing, require_new
from store.exporting.selection import Selection, select
from store.feature_store import FeatureStore

FORMATS: Mapping[str, Callable[[Selection, Path], None]] = MappingProxyType(
    {"npy": write_npy, "parquet": write_parquet, "anndata": write_anndata}
)
"""Format -> what writes a selection into an empty folder."""


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Args:
        folder: The export.
        images: How many images it holds.
        left_out: How many images that were asked for lack a row in one of the arrays.
    """

    folder: Path
    images: int
    left_out: int


def export(
    store: FeatureStore, keys: Sequence[str], samples: pa.Table, target: Path, format_name: str
) -> Exported:
    """Write the activations of images, in the order of ``samples``, to a new folder.

    At most 64 MiB of activations are in memory at a time (or one row, where that is larger).

    Args:
        store: Where the activations are.
        keys: The arrays, as ``"layer/view"``; the first one is X of an ``anndata`` export.
        samples: A column ``sample_id``, all different, and further columns of text or whole
            numbers.
        target: The folder to make; it appears when it is whole.
        format_name: One of ``FORMATS``.

    Raises:
        StoreError: The format or an array is unknown, the samples cannot be exported, no image has
            all arrays, the target exists, the disk is too small, or the store is damaged.
    """
    write = FORMATS.get(format_name)
    if write is None:
        raise StoreError(f"{format_name!r} is no export format: use {', '.join(FORMATS)}.")
    require_new(target, store.folder)
    selection = select(store, keys, samples)
    with publishing(target) as staging:
        require_free(staging, selection.estimate_bytes())
        write(selection, staging)
    return Exported(target, selection.images, selection.left_out)
