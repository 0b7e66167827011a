"""Run an extraction. What is already in the store is not computed again."""

from collections.abc import Sequence
from dataclasses import dataclass

from mintcore.arrays import LABEL, parse_view
from mintcore.datasets.reading import dataset_card, samples, samples_file
from mintcore.extraction.batches import choose_batch
from mintcore.extraction.computing import Pace
from mintcore.extraction.decoding import default_workers
from mintcore.extraction.filling import Inputs, fill
from mintcore.extraction.labels import class_indices
from mintcore.extraction.planning import estimated_bytes, images_of
from mintcore.extraction.requests import ExtractionRequest, resolve
from mintcore.extraction.stores import store_of
from mintcore.models.registration import AuditedModel
from mintcore.progress import Reporter
from store.artefacts import Home
from store.disk import require_free
from store.layout import ArraySpec


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
    model, specs = resolve(home, request, device)
    pace = Pace(request.batch_size or choose_batch(model), request.workers or default_workers())
    return extract(home, model, request.datasets, specs, reporter, pace=pace)


def extract(
    home: Home,
    model: AuditedModel,
    datasets: Sequence[str],
    specs: Sequence[ArraySpec],
    reporter: Reporter,
    *,
    pace: Pace | None = None,
) -> ExtractionSummary:
    """Compute what the store lacks of some arrays for the images of some datasets.

    Args:
        home: The home folder.
        model: The audited model, on the device that it is to run on.
        datasets: Names of the datasets.
        specs: The arrays wanted.
        reporter: Told of every batch.
        pace: How many images at once; None chooses.

    Raises:
        MintError: A gradient of the true label's loss is asked for, and a label is missing.
        StoreError: The disk is too small, or the store cannot be read or written.
    """
    images = images_of(home, datasets)
    store = store_of(home, model, len(images))
    for dataset in datasets:
        version = dataset_card(home, dataset)["fingerprint"]
        store.list_dataset(dataset, version, samples_file(home, dataset))
    plan = store.plan(list(images), [spec.key for spec in specs])
    require_free(store.folder, estimated_bytes(specs, plan))
    reporter.stage(
        f"Extract {model.card['id']}, {len(specs)} arrays, {plan.present:,} of {plan.images:,} images reused",
        plan.images - plan.present,
    )
    classes = _classes(home, model, datasets, specs)
    inputs = Inputs(model, images, classes, pace or Pace(choose_batch(model), default_workers()))
    computed = fill(store, plan, specs, inputs, reporter)
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


def _classes(
    home: Home, model: AuditedModel, datasets: Sequence[str], specs: Sequence[ArraySpec]
) -> dict[str, int]:
    """Give the class number of every image where a gradient needs it, nothing otherwise."""
    if not any(parse_view(spec.view).target == LABEL for spec in specs):
        return {}
    labels: dict[str, str | None] = {}
    for dataset in datasets:
        table = samples(home, dataset).select(["sample_id", "label"])
        labels = dict(zip(*(column.to_pylist() for column in table), strict=True)) | labels
    return class_indices(model.card, labels)
