"""The activations of all images at one layer: drawn around those that the model computed for a few."""

from collections.abc import Sequence

import numpy as np

from benchmarks.large_home_images import EXTERNALS, MEMBERS, ImageSet, images_of
from benchmarks.large_home_training import MODEL, PREPROCESSING
from mintcore.arrays import pixels_spec
from mintcore.datasets.reading import dataset_card, samples, samples_file
from mintcore.extraction.stores import store_of
from mintcore.models.layers import INPUT
from mintcore.models.registration import AuditedModel
from mintcore.subjects import load_subjects
from store.artefacts import Home
from store.feature_store import FeatureStore

_JITTER = 0.1
"""Of the standard deviation of each channel; enough to make every row another one."""


def stored_layer(home: Home) -> str:
    """Name the layer that is stored of all images: the last one with a map."""
    return map_layers(home)[-1]


def map_layers(home: Home) -> list[str]:
    """List the layers of the model that have maps, from input to output."""
    layers = home.card("models", MODEL)["layers"]
    return [each["name"] for each in layers if each["kind"] == "map" and each["name"] != INPUT]


def stored_key(home: Home) -> str:
    """Name the array that holds it."""
    return f"{stored_layer(home)}/pooled"


def stores_of(home: Home, images: int) -> list[tuple[FeatureStore, AuditedModel]]:
    """Open the stores of the audited model and of its twin with fresh weights, or make them."""
    subjects = load_subjects(home, MODEL, None, "cpu")
    models = [subjects.audited, *subjects.blind().values()]
    return [(store_of(home, model, images), model) for model in models]


def add_stored_rows(home: Home, sets: Sequence[ImageSet]) -> None:
    """Commit a row for every image that has none: of one layer in both stores, of the pixels in the first."""
    (store, audited), (twin, _) = stores_of(home, 0)
    key, pixels_key = stored_key(home), pixels_spec(audited).key
    for each in sets:
        ids = samples(home, each.name).column("sample_id").to_pylist()
        version = dataset_card(home, each.name)["fingerprint"]
        for one in (store, twin):
            one.list_dataset(each.name, version, samples_file(home, each.name))
        if not each.is_learnt and store.plan(ids, [key, pixels_key]).missing:
            pixels = _as_input(images_of(home, each))
            _commit(store, ids, {key: _drawn(home, store, each), pixels_key: pixels})
            _commit(twin, ids, {key: _drawn(home, twin, each)})
    for one in (store, twin):
        one.seal()


def _drawn(home: Home, store: FeatureStore, each: ImageSet) -> np.ndarray:
    """Draw rows: around those of members for the members of the set, around those of externals for the others."""
    rng = np.random.default_rng(each.number)
    key, parts = stored_key(home), []
    for dataset, count in ((MEMBERS, each.members), (EXTERNALS[0], each.images - each.members)):
        known = store.read(key, store.locate(key, samples(home, dataset)["sample_id"].to_pylist()))
        spread = _JITTER * known.std(axis=0, dtype=np.float32)
        noise = spread * rng.standard_normal((count, known.shape[1]), np.float32)
        parts.append((known[rng.integers(0, len(known), count)] + noise).astype(np.float16))
    return np.concatenate(parts)


def _as_input(images: np.ndarray) -> np.ndarray:
    """Give images as the model sees them: (N, 1, H, W) float16."""
    (mean,), (std,) = PREPROCESSING.mean, PREPROCESSING.std
    return ((images[:, None] / np.float32(255) - mean) / std).astype(np.float16)


def _commit(store: FeatureStore, ids: Sequence[str], arrays: dict[str, np.ndarray]) -> None:
    specs = store.specs()
    with store.writer([specs[key] for key in arrays], rows=len(ids)) as writer:
        for start in range(0, len(ids), store.block_rows):
            rows = slice(start, start + store.block_rows)
            writer.commit(ids[rows], {key: values[rows] for key, values in arrays.items()})
