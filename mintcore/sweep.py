"""Train auditors for layers of an audited model, each beside its blind baselines."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from mintcore.auditors import KIND_VIEWS
from mintcore.auditors.evidence import AUDITOR, PIXELS, Evidence, Examined, examine
from mintcore.auditors.finding import find
from mintcore.auditors.fitting import Epoch, FitSettings
from mintcore.auditors.publication import publish_auditor
from mintcore.cohorts import Cohort, build_cohort
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.extraction import array_specs, extract, images_of, pixels_spec, store_of
from mintcore.models.layers import Layer
from mintcore.models.taps import choose_layers
from mintcore.progress import Reporter
from mintcore.subjects import Subjects, load_subjects, refuse_reference_that_saw_members
from store.artefacts import Card, Home
from store.layout import ArraySpec


@dataclass(frozen=True)
class SweepRequest:
    """Which auditors to train.

    Attributes:
        model: Name of the audited model.
        members: Dataset whose members are used.
        external: Dataset whose externals are used.
        layers: "all", or layer names and globs separated by commas.
        kinds: Kinds of auditor.
        map_side: Side of the maps that the CNN auditor reads, in pixels.
        reference: Name of a trained model that never saw the members, as a further blind baseline.
        seed: Seed of split, weights and order.
    """

    model: str
    members: str
    external: str
    layers: str = "all"
    kinds: tuple[str, ...] = ("vanilla", "cnn")
    map_side: int = 8
    reference: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class _Plan:
    auditor_id: str
    kind: str
    spec: ArraySpec


def sweep(home: Home, request: SweepRequest, *, device: str, reporter: Reporter) -> list[Card]:
    """Train what is missing of a sweep.

    Args:
        home: The home folder.
        request: Which auditors.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of each stage, and of each epoch of each network.

    Returns:
        The card of each auditor, in the order of the layers.

    Raises:
        MintError: A name is unknown, an image is member and external at once, or there are too few images.
    """
    _refuse_unknown_kinds(request.kinds)
    target = choose_device(device)
    subjects = load_subjects(home, request.model, request.reference, str(target))
    if subjects.reference is not None:
        refuse_reference_that_saw_members(subjects.reference.card, request.members)
    cohort = build_cohort(home, request.members, request.external, request.seed)
    plans = _plan(request, subjects, cohort, choose_layers(subjects.audited, request.layers))
    missing = [plan for plan in plans if not home.has("auditors", plan.auditor_id)]
    if missing:
        _extract(home, request, subjects, missing, device, reporter)
        _train(home, request, subjects, cohort, missing, target, reporter)
    reporter.log(f"{len(missing)} auditors trained, {len(plans) - len(missing)} there already")
    return [home.card("auditors", plan.auditor_id) for plan in plans]


def _refuse_unknown_kinds(kinds: Sequence[str]) -> None:
    unknown = [kind for kind in kinds if kind not in KIND_VIEWS]
    if unknown or not kinds:
        raise MintError(
            f"Unknown auditor kind {', '.join(unknown) or '(none)'!r}: choose of {', '.join(KIND_VIEWS)}."
        )


def _plan(
    request: SweepRequest, subjects: Subjects, cohort: Cohort, chosen: Sequence[Layer]
) -> list[_Plan]:
    plans = []
    for layer in chosen:
        for kind in request.kinds:
            for spec in array_specs([layer], [KIND_VIEWS[kind]], request.map_side):
                plans.append(_Plan(_auditor_id(request, subjects, cohort, kind, spec), kind, spec))
    if not plans:
        raise MintError(
            f"None of the chosen layers can be read by {' or '.join(request.kinds)}: a CNN auditor needs a map, "
            f"`mint model layers {request.model}` shows which layers have one."
        )
    return plans


def _auditor_id(
    request: SweepRequest, subjects: Subjects, cohort: Cohort, kind: str, spec: ArraySpec
) -> str:
    content = {
        "model": subjects.audited.card["fingerprint"],
        "blind": [model.card["fingerprint"] for model in subjects.blind().values()],
        "cohort": cohort.made_from,
        "kind": kind,
        "array": asdict(spec),
        "settings": asdict(FitSettings()),
        "seed": request.seed,
    }
    digest = hashlib.blake2b(
        json.dumps(content, sort_keys=True).encode(), digest_size=5
    ).hexdigest()
    return f"{request.model[:40]}.{spec.layer[:30]}.{kind}.{digest}"


def _extract(
    home: Home,
    request: SweepRequest,
    subjects: Subjects,
    plans: Sequence[_Plan],
    device: str,
    reporter: Reporter,
) -> None:
    images = images_of(home, (request.members, request.external))
    specs = list({plan.spec.key: plan.spec for plan in plans}.values())
    extract(
        home,
        subjects.audited,
        images,
        [*specs, pixels_spec(subjects.audited)],
        device=device,
        reporter=reporter,
    )
    for model in subjects.blind().values():
        extract(home, model, images, specs, device=device, reporter=reporter)


def _train(
    home: Home,
    request: SweepRequest,
    subjects: Subjects,
    cohort: Cohort,
    plans: Sequence[_Plan],
    device: torch.device,
    reporter: Reporter,
) -> None:
    stores = {AUDITOR: store_of(home, subjects.audited, 0)}
    stores |= {name: store_of(home, model, 0) for name, model in subjects.blind().items()}
    reporter.stage(f"Train auditors of {request.model}", len(plans) * len(stores) + 1)
    pixels = Evidence(PIXELS, "cnn", stores[AUDITOR], pixels_spec(subjects.audited).key)
    examined_pixels = _examine(pixels, cohort, request, device, reporter)
    for plan in plans:
        began = time.monotonic()
        examined = {
            name: _examine(
                Evidence(name, plan.kind, store, plan.spec.key), cohort, request, device, reporter
            )
            for name, store in stores.items()
        }
        examined[PIXELS] = examined_pixels
        scores = {name: result.scores for name, result in examined.items()}
        publish_auditor(
            home,
            plan.auditor_id,
            cohort,
            examined,
            {
                **_settings(request, subjects, plan, device),
                "seconds": time.monotonic() - began,
                "validation_auc": max(epoch.validation_auc for epoch in examined[AUDITOR].history),
                **find(scores, cohort, request.seed),
            },
        )


def _examine(
    evidence: Evidence,
    cohort: Cohort,
    request: SweepRequest,
    device: torch.device,
    reporter: Reporter,
) -> Examined:
    label = f"{evidence.name}: {evidence.kind} on {evidence.key}"

    def on_epoch(epoch: Epoch) -> None:
        reporter.measure({"network": label, **asdict(epoch)})
        reporter.advance(0)  # where a cancelled job stops

    examined = examine(
        evidence,
        cohort,
        settings=FitSettings(),
        seed=request.seed,
        device=device,
        on_epoch=on_epoch,
    )
    reporter.advance()
    return examined


def _settings(
    request: SweepRequest, subjects: Subjects, plan: _Plan, device: torch.device
) -> Mapping[str, Any]:
    return {
        "model": request.model,
        "model_fingerprint": subjects.audited.card["fingerprint"],
        "reference": request.reference,
        "layer": plan.spec.layer,
        "auditor_kind": plan.kind,
        "view": plan.spec.view,
        "shape": list(plan.spec.shape),
        "map_side": request.map_side,
        "seed": request.seed,
        "settings": asdict(FitSettings()),
        "device": str(device),
    }
