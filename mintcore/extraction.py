"""Extraction: run the audited model over images and keep what it computes inside.

What is already in the store is not computed again. Images are taken in blocks of the store; batches never straddle a
block, so a run that was killed continues at the next block with the very batches an undisturbed run would have had.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mintcore.arrays import FLOAT16, array_specs
from mintcore.computing import Computed, compute
from mintcore.datasets.reading import dataset_card, samples, samples_file
from mintcore.decoding import BATCH_SIZE
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.models.layers import MAP, POOLED
from mintcore.models.registration import AuditedModel, load_model
from mintcore.models.taps import choose_layers
from mintcore.progress import Reporter
from store.artefacts import Home
from store.disk import free_bytes, require_free
from store.feature_store import FeatureStore, create_store
from store.index import Plan
from store.layout import ArraySpec, estimate_bytes
from store.writer import Writer

COMMIT_BYTES = 2 * 2**30
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
        dtype: "float16", "float32" or "bfloat16".
    """

    model: str
    datasets: tuple[str, ...]
    layers: str = "all"
    views: tuple[str, ...] = VIEWS
    map_side: int = 8
    dtype: str = FLOAT16


@dataclass(frozen=True)
class ExtractionPlan:
    """What an extraction would do. Images are counted once, however many datasets share them.

    Attributes:
        store: Id of the store.
        images: Images asked for.
        compute: Images that the model would be run on.
        reuse: Images for which everything is there already.
        bytes: What it would take on disk at most.
        free_bytes: What is free there.
        arrays: Keys "layer/view" of the arrays asked for.
    """

    store: str
    images: int
    compute: int
    reuse: int
    bytes: int
    free_bytes: int
    arrays: tuple[str, ...]


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
    model, specs = _resolve(home, request, device)
    return extract(home, model, request.datasets, specs, reporter)


def plan_extraction(home: Home, request: ExtractionRequest, *, device: str) -> ExtractionPlan:
    """Say what an extraction would compute, and what it would take, without computing anything.

    Raises:
        MintError: The model, a dataset, a layer or a view is unknown.
        StoreError: The store cannot be read.
    """
    model, specs = _resolve(home, request, device)
    images = images_of(home, request.datasets)
    if not home.has("stores", store_id(model)):
        asked = {tuple(spec.key for spec in specs): list(images)}
        return _described(home, model, specs, Plan(len(images), 0, asked))
    store = store_of(home, model, len(images))
    plan = store.plan(list(images), [spec.key for spec in specs])
    return _described(home, model, specs, plan)


def _resolve(
    home: Home, request: ExtractionRequest, device: str
) -> tuple[AuditedModel, list[ArraySpec]]:
    for dataset in request.datasets:
        dataset_card(home, dataset)
    model = load_model(home, request.model, choose_device(device))
    chosen = choose_layers(model, request.layers)
    specs = array_specs(chosen, request.views, request.map_side, request.dtype)
    if not specs:
        raise MintError(f"None of the chosen layers has a {' or '.join(request.views)} view.")
    return model, specs


def _described(
    home: Home, model: AuditedModel, specs: Sequence[ArraySpec], plan: Plan
) -> ExtractionPlan:
    return ExtractionPlan(
        store=store_id(model),
        images=plan.images,
        compute=sum(len(ids) for ids in plan.missing.values()),
        reuse=plan.present,
        bytes=estimated_bytes(specs, plan),
        free_bytes=free_bytes(home.path),
        arrays=tuple(spec.key for spec in specs),
    )


def estimated_bytes(specs: Sequence[ArraySpec], plan: Plan) -> int:
    """Bound the bytes that what is missing will take on disk."""
    return sum(
        estimate_bytes([spec for spec in specs if spec.key in keys], len(sample_ids))
        for keys, sample_ids in plan.missing.items()
    )


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


def store_id(model: AuditedModel) -> str:
    """Name the store of a model: weights, architecture and preprocessing make its fingerprint."""
    return f"{model.card['id'][:60]}-{model.card['fingerprint'][:12]}"


def store_of(home: Home, model: AuditedModel, expected_rows: int) -> FeatureStore:
    """Open the store of a model, or make it."""
    return create_store(
        home,
        store_id(model),
        expected_rows=expected_rows,
        model=model.card["id"],
        model_fingerprint=model.card["fingerprint"],
    )


def extract(
    home: Home,
    model: AuditedModel,
    datasets: Sequence[str],
    specs: Sequence[ArraySpec],
    reporter: Reporter,
) -> ExtractionSummary:
    """Compute what the store lacks of some arrays for the images of some datasets.

    Args:
        home: The home folder.
        model: The audited model, on the device that it is to run on.
        datasets: Names of the datasets.
        specs: The arrays wanted.
        reporter: Told of every batch.

    Raises:
        StoreError: The disk is too small, or the store cannot be read or written.
    """
    images = images_of(home, datasets)
    store = store_of(home, model, len(images))
    for dataset in datasets:
        version = dataset_card(home, dataset)["fingerprint"]
        store.list_dataset(dataset, version, samples_file(home, dataset))
    plan = store.plan(list(images), [spec.key for spec in specs])
    require_free(store.folder, estimated_bytes(specs, plan))
    reporter.stage(f"Extract {model.card['id']}, {len(specs)} arrays", plan.images - plan.present)
    computed = _fill(store, plan, specs, model=model, images=images, reporter=reporter)
    if store.seal_due():
        store.seal()
    summary = ExtractionSummary(
        store=store.folder.name,
        images=plan.images,
        computed=computed,
        reused=plan.images - computed,
        failed=len(store.failures(list(images))),
        arrays=tuple(spec.key for spec in specs),
    )
    reporter.log(
        f"{store.folder.name}: {summary.images} images, {summary.computed} computed, {summary.reused} reused from the "
        f"store, {summary.failed} failed"
    )
    return summary


def _fill(
    store: FeatureStore,
    plan: Plan,
    specs: Sequence[ArraySpec],
    *,
    model: AuditedModel,
    images: dict[str, str],
    reporter: Reporter,
) -> int:
    """Compute and commit what a plan says is missing; give for how many images that was."""
    computed = 0
    # in an order that does not hang on what is there already, so that a resumed run writes the same blocks
    for keys, sample_ids in sorted(plan.missing.items()):
        missing = [spec for spec in specs if spec.key in keys]
        with store.writer(missing, rows=len(sample_ids)) as writer:
            rows = _rows_a_commit(missing, store.block_rows)
            for start in range(0, len(sample_ids), rows):
                asked = sample_ids[start : start + rows]
                left = _left(store, asked, keys)  # another run may have come first
                reporter.advance(len(asked) - len(left))
                if left:
                    uris = {name: images[name] for name in left}
                    _write(writer, compute(model, uris, missing), reporter)
                computed += len(left)
    return computed


def _write(writer: Writer, computed: Iterator[Computed], reporter: Reporter) -> None:
    """Write a block batch by batch, so that no more than a batch is in memory."""
    with writer.block() as block:
        for batch in computed:
            block.append(batch.sample_ids, batch.arrays, batch.failures)
            reporter.advance(len(batch.sample_ids))
        block.commit()


def _left(store: FeatureStore, sample_ids: list[str], keys: Sequence[str]) -> list[str]:
    missing = {name for ids in store.plan(sample_ids, keys).missing.values() for name in ids}
    return [name for name in sample_ids if name in missing]


def _rows_a_commit(specs: Sequence[ArraySpec], block_rows: int) -> int:
    """Bound what a run that dies can lose; the rest of its block stays unused, which costs nothing."""
    row_bytes = sum(spec.row_bytes for spec in specs)
    batches = max(1, COMMIT_BYTES // (row_bytes * BATCH_SIZE))
    return min(block_rows, batches * BATCH_SIZE)
