"""Stores on object storage for tests: blocks with known values, and what is there."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from store.artefacts import Home
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec
from store.object_storage import Objects

POOLED = ArraySpec("layer1", "pooled", (512,), "float32")
"""Two rows a KiB: a block of 1,024 rows is a shard of two chunks."""
MAP = ArraySpec("layer2", "map", (8, 3, 3))
SPECS = [POOLED, MAP]
KEYS = [spec.key for spec in SPECS]
ROWS = 1024


def ids_of(numbers: Sequence[int]) -> list[str]:
    return [f"{number:032x}" for number in numbers]


def values_of(spec: ArraySpec, numbers: Sequence[int]) -> np.ndarray:
    column = np.array(numbers, np.float32).reshape(-1, *[1] * len(spec.shape)) % 2048
    return (column + np.zeros(spec.shape)).astype(spec.dtype)


def block(number: int) -> range:
    return range(number * ROWS, (number + 1) * ROWS)


def make(folder: Path, place: str, model: str = "m") -> FeatureStore:
    """Make a store on object storage, or find it there, in a home of its own."""
    store = create_store(Home(folder), "s", expected_rows=0, at=place, model=model)
    store.shelf.refresh(at_once=True)
    return store


def commit(
    store: FeatureStore, numbers: Sequence[int], specs: Sequence[ArraySpec] = tuple(SPECS)
) -> int:
    with store.writer(specs, len(numbers)) as writer:
        return writer.commit(
            ids_of(numbers), {spec.key: values_of(spec, numbers) for spec in specs}
        )


def require_whole(store: FeatureStore, numbers: Sequence[int]) -> None:
    """Check every value of some images."""
    for spec in SPECS:
        rows = store.locate(spec.key, ids_of(numbers))
        assert (rows >= 0).all()
        np.testing.assert_array_equal(store.read(spec.key, rows), values_of(spec, numbers))


def objects(store: FeatureStore, folder: str = "") -> dict[str, bytes]:
    """Read all objects of a store."""
    there = Objects(store.shelf.place)
    return {name: there.get(name).content for name in there.list(folder)}
