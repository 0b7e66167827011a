"""What an extraction would compute, and what that takes on disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from mintcore.datasets.reading import samples
from mintcore.extraction.requests import ExtractionRequest, resolve
from mintcore.extraction.stores import store_id, store_of
from mintcore.models.registration import AuditedModel
from store.artefacts import Home
from store.disk import free_bytes
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
    images = images_of(home, request.datasets)
    if not home.has("stores", store_id(model)):
        asked = {tuple(spec.key for spec in specs): list(images)}
        return _described(home, model, specs, Plan(len(images), 0, asked))
    store = store_of(home, model, len(images))
    plan = store.plan(list(images), [spec.key for spec in specs])
    return _described(home, model, specs, plan)


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
