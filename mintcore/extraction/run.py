"""Run an extraction. What is already in the store is not computed again."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mintcore.arrays import LABEL, parse_view
from mintcore.cluster.crew import Crew, hiring
from mintcore.cluster.places import parse_place
from mintcore.datasets.reading import dataset_card, samples_file
from mintcore.extraction.batches import choose_batch
from mintcore.extraction.blocks import BlockMaker, Piece
from mintcore.extraction.computing import Pace
from mintcore.extraction.decoding import default_workers
from mintcore.extraction.filling import Filling, Inputs
from mintcore.extraction.images import Images, Window, listing_images
from mintcore.extraction.labels import class_indices
from mintcore.extraction.paces import MeasuredPace, record_pace
from mintcore.extraction.planning import survey
from mintcore.extraction.requests import ExtractionRequest, resolve
from mintcore.extraction.spreading import BatchTask, BlockTask
from mintcore.extraction.stores import store_of
from mintcore.extraction.work import flops_an_image
from mintcore.models.registration import AuditedModel
from mintcore.progress import Reporter
from store.artefacts import Card, Home
from store.feature_store import FeatureStore
from store.layout import ArraySpec
from store.writer import StagedBlock


@dataclass(frozen=True)
class ExtractionSummary:
    """What an extraction did. Images are counted once, however many datasets share them.

    Attributes:
        store: Id of the store.
        images: Images asked for.
        computed: Images the model was run on.
        reused: Images of which nothing was left to compute: everything was there, or they had
            failed before.
        failed: Images that some of the arrays lack: the store's index says why.
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

    Args:
        home: The home folder.
        request: What to extract.
        device: Where, as ``mintcore.cluster.places`` names it.
        reporter: Told of every batch, or of every block that a worker has made.

    Raises:
        MintError: The model, a dataset, a layer or a view is unknown, or the cluster has no worker.
        StoreError: The disk is too small, or another process is writing the store.
    """
    model, specs = resolve(home, request, device)
    with hiring(parse_place(device), home, reporter) as crew:
        return extract(
            home,
            model,
            request.datasets,
            specs,
            reporter,
            batch_size=request.batch_size,
            workers=request.workers,
            crew=crew,
        )


def extract(
    home: Home,
    model: AuditedModel,
    datasets: Sequence[str],
    specs: Sequence[ArraySpec],
    reporter: Reporter,
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    crew: Crew | None = None,
) -> ExtractionSummary:
    """Compute what the store lacks of some arrays for the images of some datasets.

    Args:
        home: The home folder.
        model: The audited model, on the device that it is to run on.
        datasets: Names of the datasets.
        specs: The arrays wanted.
        reporter: Told of every batch, or of every block that a worker has made.
        batch_size: Images at once; None chooses.
        workers: Threads that decode; None takes one for each core. Workers of a crew have their own.
        crew: Workers that do it; None for this process.

    Raises:
        MintError: A gradient of the true label's loss is asked for, and a label is missing.
        StoreError: The disk is too small, or the store cannot be read or written.
    """
    with listing_images(home, datasets) as images:
        _require_labels(model, images, specs)  # before there is a store
        store = store_of(home, model, images.count)
        _list_datasets(home, store, datasets, reporter)
        found = survey(images, store, specs)
        store.require_room(found.bytes, specs)
        if found.present:
            share = found.present / found.images
            reporter.log(
                f"{found.present:,} of {found.images:,} images are in the store already ({share:.0%})"
            )
        reporter.stage(
            f"Extract {model.card['id']}, {len(specs)} arrays", found.images - found.present
        )
        reporter.reuse(found.present)
        computed = 0
        if found.present < found.images:
            batch_size = batch_size or _choose_batch(home, model, crew)
            pace = Pace(batch_size, workers or default_workers())
            inputs = (Inputs(w.uris, _classes(model, w, specs)) for w in images.windows())
            began = time.monotonic()
            with Filling(store, specs, pace, reporter) as filling:
                pieces = filling.pieces(inputs)
                blocks = (
                    _blocks_here(model, pieces, filling, reporter)
                    if crew is None
                    else _blocks_of(
                        crew, BlockTask(*_known_as(home, model), store), pieces, reporter
                    )
                )
                with closing(blocks):
                    computed = sum(filling.publish(block) for block in blocks)
            if crew is None:  # how fast many are says nothing of one
                _record_pace(home, model, specs, computed, time.monotonic() - began)
        keys = tuple(spec.key for spec in specs)
    if store.seal_due():
        store.seal()
    failed = store.count_failed([samples_file(home, dataset) for dataset in datasets], keys)
    reused = found.images - computed
    reporter.log(
        f"{store.folder.name}: {found.images} images, {computed} computed, {reused} reused from the store, "
        f"{failed} failed"
    )
    return ExtractionSummary(store.folder.name, found.images, computed, reused, failed, keys)


def _choose_batch(home: Home, model: AuditedModel, crew: Crew | None) -> int:
    """Choose a batch for the devices that it will run on: a driver may have no GPU."""
    if crew is None:
        return choose_batch(model)
    (batch,) = crew.in_order(BatchTask(*_known_as(home, model)), [None])
    return batch


def _known_as(home: Home, model: AuditedModel) -> tuple[Path, Card]:
    """Give what a worker loads a model by."""
    return home.path.absolute(), model.card


def _blocks_here(
    model: AuditedModel, pieces: Iterator[Piece], filling: Filling, reporter: Reporter
) -> Generator[StagedBlock, None, None]:
    maker = BlockMaker(model)
    for piece in pieces:
        yield maker.make(piece, filling.writer(piece), reporter)


def _blocks_of(
    crew: Crew, task: BlockTask, pieces: Iterator[Piece], reporter: Reporter
) -> Generator[StagedBlock, None, None]:
    for block in crew.in_order(task, pieces):
        reporter.advance(len(block.outcomes))
        yield block


def _record_pace(
    home: Home, model: AuditedModel, specs: Sequence[ArraySpec], computed: int, seconds: float
) -> None:
    flops = flops_an_image(list(model.taps.values()), specs)
    if flops is not None:
        pace = MeasuredPace(model.name, model.device.type, computed, flops, seconds)
        record_pace(home, pace)


def _list_datasets(
    home: Home, store: FeatureStore, datasets: Sequence[str], reporter: Reporter
) -> None:
    for dataset in datasets:
        card = dataset_card(home, dataset)
        store.list_dataset(dataset, card["fingerprint"], samples_file(home, dataset))
        unreadable = card["counts"]["status"].get("unreadable", 0)
        if unreadable:
            reporter.log(
                f"{dataset}: {unreadable:,} images could not be read when it was registered, and are left out"
            )


def _require_labels(model: AuditedModel, images: Images, specs: Sequence[ArraySpec]) -> None:
    """Find a missing label before anything is computed."""
    if _needs_labels(specs):
        for window in images.windows():
            class_indices(model.card, window.labels)


def _classes(model: AuditedModel, window: Window, specs: Sequence[ArraySpec]) -> dict[str, int]:
    return class_indices(model.card, window.labels) if _needs_labels(specs) else {}


def _needs_labels(specs: Sequence[ArraySpec]) -> bool:
    return any(parse_view(spec.view).target == LABEL for spec in specs)
