"""Extraction: run the audited model over images and keep what it computes inside.

What is already in the store is not computed again. Images are taken in blocks of the store; batches never straddle a
block, so a run that was killed continues at the next block with the very batches an undisturbed run would have had.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mintcore.datasets.reading import dataset_card, samples
from mintcore.decoding import BATCH_SIZE, decoded_ahead
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.models.layers import MAP, POOLED, Layer, require_view, view_shape
from mintcore.models.registration import AuditedModel, load_model
from mintcore.models.taps import choose_layers, layers, reduce_taps
from mintcore.models.views import views
from mintcore.progress import Reporter
from store.artefacts import Home
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec

COMMIT_BYTES = 256 * 2**20
PIXELS_SIDE = 32
VIEWS = (POOLED, MAP)


@dataclass(frozen=True)
class ExtractionRequest:
    """What to extract.

    Attributes:
        model: Name of the audited model.
        datasets: Names of the datasets.
        layers: "all", or layer names and globs separated by commas.
        views: Of "pooled" and "map".
        map_side: Maps are area-pooled to at most this many pixels a side.
    """

    model: str
    datasets: tuple[str, ...]
    layers: str = "all"
    views: tuple[str, ...] = VIEWS
    map_side: int = 8


@dataclass(frozen=True)
class ExtractionSummary:
    """What an extraction did. Images are counted once, however many datasets share them.

    Attributes:
        store: Id of the store.
        images: Images asked for.
        computed: Images the model was run on.
        reused: Images for which everything was there already.
        failed: Images without activations: the store's index says why.
        arrays: Keys "layer/view" of the arrays asked for.
    """

    store: str
    images: int
    computed: int
    reused: int
    failed: int
    arrays: tuple[str, ...]


def extract_datasets(
    home: Home, request: ExtractionRequest, *, device: str, reporter: Reporter
) -> ExtractionSummary:
    """Extract what a request names.

    Raises:
        MintError: The model, a dataset, a layer or a view is unknown.
        StoreError: The disk is too small, or another process is writing the store.
    """
    for view in request.views:
        require_view(view)
    if request.map_side < 1:
        raise MintError(f"--map-side is {request.map_side}, but a map has at least 1 pixel a side.")
    for dataset in request.datasets:
        dataset_card(home, dataset)
    model = load_model(home, request.model, choose_device(device))
    chosen = choose_layers(model, request.layers)
    specs = array_specs(chosen, request.views, request.map_side)
    if not specs:
        raise MintError(f"None of the chosen layers has a {' or '.join(request.views)} view.")
    images = images_of(home, request.datasets)
    return extract(home, model, images, specs, reporter)


def array_specs(
    chosen: Sequence[Layer], chosen_views: Sequence[str], map_side: int
) -> list[ArraySpec]:
    """List the arrays of layers and views; a layer that lacks a view (a vector has no map) gives none for it."""
    specs = []
    for layer in chosen:
        for view in chosen_views:
            shape = view_shape(layer, view, map_side)
            if shape is not None:
                specs.append(ArraySpec(layer.name, view_name(view, map_side), shape))
    return specs


def pixels_spec(model: AuditedModel) -> ArraySpec:
    """Give the array of the preprocessed images themselves, at most 32 pixels a side: the raw-pixels baseline."""
    return array_specs([layers(model)[0]], [MAP], PIXELS_SIDE)[0]


def view_name(view: str, map_side: int) -> str:
    """Name a view in the store: maps of different sizes are different arrays."""
    return f"{view}{map_side}" if view == MAP else view


def _parse_view(name: str) -> tuple[str, int | None]:
    return (MAP, int(name.removeprefix(MAP))) if name.startswith(MAP) else (name, None)


def images_of(home: Home, datasets: Sequence[str]) -> dict[str, str]:
    """Map the sample id of every readable image of some datasets to where it can be read, in a fixed order."""
    images: dict[str, str] = {}
    for dataset in datasets:
        table = samples(home, dataset)
        for sample_id, uri in zip(
            table.column("sample_id").to_pylist(), table.column("uri").to_pylist(), strict=True
        ):
            images.setdefault(sample_id, uri)
    return images


def store_of(home: Home, model: AuditedModel, expected_rows: int) -> FeatureStore:
    """Open the store of a model, or make it."""
    return create_store(
        home,
        f"{model.card['id'][:60]}-{model.card['fingerprint'][:12]}",
        expected_rows=expected_rows,
        model=model.card["id"],
        model_fingerprint=model.card["fingerprint"],
    )


def extract(
    home: Home,
    model: AuditedModel,
    images: dict[str, str],
    specs: Sequence[ArraySpec],
    reporter: Reporter,
) -> ExtractionSummary:
    """Compute what the store lacks of some arrays for some images.

    Args:
        home: The home folder.
        model: The audited model, on the device that it is to run on.
        images: Sample id -> uri.
        specs: The arrays wanted.
        reporter: Told of every batch.
    """
    store = store_of(home, model, len(images))
    by_key = {spec.key: spec for spec in specs}
    groups = store.plan(list(images), list(by_key)).missing
    to_compute = sum(len(ids) for ids in groups.values())
    reporter.stage(f"Extract {model.card['id']}, {len(specs)} arrays", to_compute)
    # in an order that does not hang on what is there already, so that a resumed run writes the same blocks
    for keys, sample_ids in sorted(groups.items()):
        missing = [by_key[key] for key in keys]
        with store.writer(missing, rows=len(sample_ids)) as writer:
            rows = _rows_a_commit(missing, store.block_rows)
            for start in range(0, len(sample_ids), rows):
                block = {name: images[name] for name in sample_ids[start : start + rows]}
                arrays, failures = _compute(model, block, missing, reporter)
                writer.commit(list(block), arrays, failures)
    failed = len(store.failures(list(images)))
    summary = ExtractionSummary(
        store=store.folder.name,
        images=len(images),
        computed=to_compute,
        reused=len(images) - to_compute,
        failed=failed,
        arrays=tuple(by_key),
    )
    reporter.log(
        f"{store.folder.name}: {summary.images} images, {summary.computed} computed, {summary.reused} reused from the "
        f"store, {summary.failed} failed"
    )
    return summary


def activations(
    model: AuditedModel, pixels: torch.Tensor, specs: Sequence[ArraySpec]
) -> dict[str, np.ndarray]:
    """Run the model on one batch and give the wanted views as they are stored.

    Args:
        model: The audited model.
        pixels: (B, C, H, W) uint8, resized as the model's preprocessing says.
        specs: The arrays wanted.

    Returns:
        Array key -> (B, *shape) in the array's dtype.
    """
    by_layer: dict[str, list[ArraySpec]] = {}
    for spec in specs:
        by_layer.setdefault(spec.layer, []).append(spec)

    def reduce(name: str, output: torch.Tensor) -> dict[str, np.ndarray]:
        kept = {}
        for spec in by_layer[name]:
            view, map_side = _parse_view(spec.view)
            reduced = views(output, model.layer_kinds[name], view, map_side).cpu().numpy()
            # beyond float16 becomes infinite, which callers look for
            with np.errstate(over="ignore"):
                kept[spec.key] = reduced.astype(spec.dtype)
        return kept

    batch = model.preprocessing.normalise(pixels.to(model.device))
    tapped = reduce_taps(model, batch, list(by_layer), reduce)
    return {key: values for kept in tapped.values() for key, values in kept.items()}


def _rows_a_commit(specs: Sequence[ArraySpec], block_rows: int) -> int:
    """Bound what one commit holds in memory; the rest of its block stays unused, which costs nothing."""
    row_bytes = sum(spec.row_bytes for spec in specs)
    batches = max(1, COMMIT_BYTES // (row_bytes * BATCH_SIZE))
    return min(block_rows, batches * BATCH_SIZE)


def _compute(
    model: AuditedModel, images: dict[str, str], specs: Sequence[ArraySpec], reporter: Reporter
) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, str]]]:
    """Give the activations of images, (N, *shape) an array, and the failures by sample id."""
    arrays = {spec.key: np.empty((len(images), *spec.shape), spec.dtype) for spec in specs}
    failures: dict[str, tuple[str, str]] = {}
    done = 0
    for batch in decoded_ahead(model.preprocessing, images):
        found = activations(model, batch.pixels, specs)
        for key, values in found.items():
            arrays[key][done : done + len(values)] = values
        failures |= _non_finite(batch.sample_ids, found) | batch.failures
        done += len(batch.sample_ids)
        reporter.advance(len(batch.sample_ids))
    return arrays, failures


def _non_finite(sample_ids: list[str], found: dict[str, np.ndarray]) -> dict[str, tuple[str, str]]:
    failures: dict[str, tuple[str, str]] = {}
    for key, values in found.items():
        finite = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
        for position in np.flatnonzero(~finite):
            failures[sample_ids[position]] = ("non-finite", f"{key} has values that are not finite")
    return failures
