"""What people do with feature stores as a whole: find them, export them, see which arrays are in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pyarrow as pa

from mintcore.auditors.cards import keys_of_source, sources_of_network
from mintcore.errors import MintError
from store.artefacts import Home
from store.exporting.export import Exported, export
from store.feature_store import FeatureStore
from store.query import Query


@dataclass(frozen=True)
class ExportRequest:
    """What to export.

    Attributes:
        arrays: Globs of "layer/view".
        format: "npy", "parquet" or "anndata".
        dataset: Only images of this dataset; None for all.
        membership: Only members, externals or unknown ones; None for all.
        limit: At most so many; None for all.
    """

    arrays: tuple[str, ...] = ("*",)
    format: str = "npy"
    dataset: str | None = None
    membership: str | None = None
    limit: int | None = None


def store_folders(home: Home, name: str | None) -> list[Path]:
    """Find feature stores.

    Args:
        home: The home folder.
        name: A store's name, the folder of a store, or another home folder; None for all stores.

    Raises:
        StoreError: There is none of that name; near names are suggested.
    """
    if name is None:
        return sorted(filter(_is_store, (home.path / "stores").glob("*")))
    folder = Path(name)
    if (folder / "stores").is_dir():
        return store_folders(Home(folder), None)
    if _is_store(folder):
        return [folder]
    if not _is_store(home.path / "stores" / name):
        home.card("stores", name)  # says which there are
    return [home.folder("stores", name)]


def choose_arrays(store: FeatureStore, globs: Sequence[str]) -> list[str]:
    """Choose arrays of a store by globs of "layer/view".

    Raises:
        MintError: A glob matches none.
    """
    there = list(store.specs())
    for glob in globs:
        if not any(fnmatchcase(key, glob) for key in there):
            known = ", ".join(there) or "nothing yet"
            raise MintError(f"The store {store.folder.name} has no array {glob!r}; it has {known}.")
    return [key for key in there if any(fnmatchcase(key, glob) for glob in globs)]


def unused_arrays(home: Home, store: FeatureStore) -> list[str]:
    """List the arrays of a store that no auditor reads."""
    used = {
        key
        for card in home.cards("auditors")
        for network in card["networks"].values()
        for source in sources_of_network(network)
        if source["store"] == store.folder.name
        for key in keys_of_source(source)
    }
    return [key for key in store.specs() if key not in used]


def export_store(store: FeatureStore, target: Path, request: ExportRequest) -> Exported:
    """Write activations of a store's images to a new folder, in a format that others read.

    Raises:
        MintError: An array is unknown, or no image matches.
        StoreError: The format is unknown, the target exists, or a disk is full or damaged.
    """
    query = Query(dataset=request.dataset, membership=request.membership, limit=request.limit)
    samples = _each_once(store.select(query))
    if not len(samples):
        datasets = ", ".join(store.info()["datasets"]) or "none yet"
        raise MintError(
            f"No image of the store {store.folder.name} matches: it knows the datasets {datasets}."
        )
    keys = choose_arrays(store, request.arrays)
    return export(store, keys, samples, target, request.format)


def _is_store(folder: Path) -> bool:
    """Tell whether a folder is a store, perhaps one that lost its card."""
    return (folder / "activations.zarr").is_dir() or (folder / "index").is_dir()


def _each_once(samples: pa.Table) -> pa.Table:
    """Keep the first row of an image that several datasets list."""
    ids = samples.column("sample_id").to_numpy(zero_copy_only=False).astype(str)
    _, first = np.unique(ids, return_index=True)
    return samples.take(pa.array(np.sort(first)))
