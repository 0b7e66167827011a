"""What an extraction would compute, and what that takes on disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from mintcore.extraction.images import Images, listing_images
from mintcore.extraction.requests import ExtractionRequest, resolve
from mintcore.extraction.store_names import store_name
from mintcore.extraction.stores import has_store, store_of
from store.artefacts import Home
from store.disk import free_bytes
from store.feature_store import FeatureStore
from store.index import Plan
from store.layout import ArraySpec, estimate_bytes


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


def plan_extraction(home: Home, request: ExtractionRequest, *, device: str) -> ExtractionPlan:
    """Say what an extraction would compute, and what it would take, without computing anything.

    Raises:
        MintError: The model, a dataset, a layer or a view is unknown.
        StoreError: The store cannot be read.
    """
    model, specs = resolve(home, request, device)
    with listing_images(home, request.datasets) as images:
        there = has_store(home, model)
        found = survey(images, store_of(home, model, images.count) if there else None, specs)
    return ExtractionPlan(
        store=store_name(model.card),
        images=found.images,
        compute=found.images - found.present,
        reuse=found.present,
        bytes=found.bytes,
        free_bytes=free_bytes(home.path),
        arrays=tuple(spec.key for spec in specs),
    )


@dataclass(frozen=True)
class Survey:
    """What of some images is in a store.

    Attributes:
        images: Images asked for.
        present: Images of which everything is there.
        bytes: What the rest takes on disk at most.
    """

    images: int
    present: int
    bytes: int


def survey(images: Images, store: FeatureStore | None, specs: Sequence[ArraySpec]) -> Survey:
    """Ask a store, or one that is not there yet, what it has of some images."""
    keys = tuple(spec.key for spec in specs)
    present, size = 0, 0
    for window in images.windows():
        ids = list(window.uris)
        plan = store.plan(ids, keys) if store else Plan(len(ids), 0, {keys: ids})
        present += plan.present
        size += _bytes(specs, plan)
    return Survey(images.count, present, size)


def _bytes(specs: Sequence[ArraySpec], plan: Plan) -> int:
    return sum(
        estimate_bytes([spec for spec in specs if spec.key in keys], len(sample_ids))
        for keys, sample_ids in plan.missing.items()
    )
