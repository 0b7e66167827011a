"""Train auditors for layers of an audited model, each beside its blind baselines."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mintcore.arrays import View, array_specs, pixels_spec
from mintcore.auditors import KIND_VIEWS
from mintcore.auditors.evidence import AUDITOR, PIXELS, Evidence, Examined, examine
from mintcore.auditors.finding import find
from mintcore.auditors.fitting import Epoch, FitSettings
from mintcore.auditors.networks import design
from mintcore.auditors.publication import find_examined, publish_auditor
from mintcore.cohorts import Cohort, build_cohort
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.extraction.run import extract
from mintcore.extraction.stores import store_of
from mintcore.models.layers import MAP
from mintcore.models.taps import choose_layers
from mintcore.overlaps import remarks
from mintcore.progress import Reporter
from mintcore.subjects import Subjects, load_subjects, refuse_partial_reference
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
        allow_overlap: Go on where members and externals overlap.
    """

    model: str
    members: str
    external: str
    layers: str = "all"
    kinds: tuple[str, ...] = ("vanilla", "cnn")
    map_side: int = 8
    reference: str | None = None
    seed: int = 0
    allow_overlap: bool = False


@dataclass(frozen=True)
class _Experiment:
    home: Home
    request: SweepRequest
    subjects: Subjects
    cohort: Cohort
    reporter: Reporter


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
    subjects = load_subjects(home, request.model, request.reference, choose_device(device))
    if subjects.reference is not None:
        refuse_partial_reference(subjects.reference.card, (request.members, request.external))
    cohort = build_cohort(
        home, request.members, request.external, request.seed, allow_overlap=request.allow_overlap
    )
    for remark in remarks(cohort.overlap):
        reporter.log(remark)
    experiment = _Experiment(home, request, subjects, cohort, reporter)
    plans = _plan(experiment)
    missing = [plan for plan in plans if not home.has("auditors", plan.auditor_id)]
    if missing:
        _extract(experiment, missing)
        _train(experiment, missing)
    reporter.log(f"{len(missing)} auditors trained, {len(plans) - len(missing)} there already")
    return [home.card("auditors", plan.auditor_id) for plan in plans]


def _refuse_unknown_kinds(kinds: Sequence[str]) -> None:
    unknown = [kind for kind in kinds if kind not in KIND_VIEWS]
    if unknown or not kinds:
        raise MintError(
            f"Unknown auditor kind {', '.join(unknown) or '(none)'!r}: choose of {', '.join(KIND_VIEWS)}."
        )


def _plan(experiment: _Experiment) -> list[_Plan]:
    request = experiment.request
    chosen = choose_layers(experiment.subjects.audited, request.layers)
    plans = [
        _Plan(_auditor_id(experiment, kind, spec), kind, spec)
        for layer in chosen
        for kind in request.kinds
        for spec in array_specs([layer], [_view(kind, request.map_side)])
    ]
    if not plans:
        raise MintError(
            f"None of the chosen layers can be read by {' or '.join(request.kinds)}: a CNN auditor needs a map, "
            f"`mint model layers {request.model}` shows which layers have one."
        )
    return plans


def _view(kind: str, map_side: int) -> View:
    view = KIND_VIEWS[kind]
    return View(view, map_side if view == MAP else None)


def _auditor_id(experiment: _Experiment, kind: str, spec: ArraySpec) -> str:
    request, subjects = experiment.request, experiment.subjects
    content = {
        "model": subjects.audited.fingerprint,
        "blind": [model.fingerprint for model in subjects.blind().values()],
        "cohort": experiment.cohort.made_from,
        "split": experiment.cohort.split_digest(),
        "kind": kind,
        "design": design(kind, spec.shape),
        "array": asdict(spec),
        "settings": asdict(FitSettings()),
        "seed": request.seed,
    }
    encoded = json.dumps(content, sort_keys=True).encode()
    digest = hashlib.blake2b(encoded, digest_size=5).hexdigest()
    return f"{request.model[:40]}.{spec.layer[:30]}.{kind}.{digest}"


def _extract(experiment: _Experiment, plans: Sequence[_Plan]) -> None:
    home, request, subjects = experiment.home, experiment.request, experiment.subjects
    datasets = (request.members, request.external)
    specs = list({plan.spec.key: plan.spec for plan in plans}.values())
    with_pixels = [*specs, pixels_spec(subjects.audited)]
    extract(home, subjects.audited, datasets, with_pixels, experiment.reporter)
    for model in subjects.blind().values():
        extract(home, model, datasets, specs, experiment.reporter)


def _train(experiment: _Experiment, plans: Sequence[_Plan]) -> None:
    subjects, cohort = experiment.subjects, experiment.cohort
    models = {AUDITOR: subjects.audited, **subjects.blind()}
    stores = {name: store_of(experiment.home, model, 0) for name, model in models.items()}
    experiment.reporter.stage(
        f"Train auditors of {subjects.audited.name}", len(plans) * len(stores) + 1
    )
    pixels_key = pixels_spec(subjects.audited).key
    pixels = _examine_once(experiment, Evidence(PIXELS, "cnn", stores[AUDITOR], pixels_key))
    for plan in plans:
        began = time.monotonic()
        examined = {
            name: _examine(experiment, Evidence(name, plan.kind, store, plan.spec.key))
            for name, store in stores.items()
        }
        examined[PIXELS] = pixels  # it does not depend on the layer
        scores = {name: result.scores for name, result in examined.items()}
        settings = {
            **_settings(experiment, plan),
            "seconds": time.monotonic() - began,
            "validation_auc": max(epoch.validation_auc for epoch in examined[AUDITOR].history),
        }
        finding = find(scores, cohort, seed=experiment.request.seed)
        publish_auditor(
            experiment.home, plan.auditor_id, cohort, examined, settings=settings, finding=finding
        )


def _examine_once(experiment: _Experiment, evidence: Evidence) -> Examined:
    """Take what an earlier auditor of the same cohort fitted, since raw pixels are the same for every layer."""
    seed = experiment.request.seed
    known = find_examined(experiment.home, evidence, experiment.cohort, FitSettings(), seed)
    if known is None:
        return _examine(experiment, evidence)
    experiment.reporter.advance()
    return known


def _examine(experiment: _Experiment, evidence: Evidence) -> Examined:
    reporter = experiment.reporter
    label = f"{evidence.name}: {evidence.kind} on {evidence.key}"

    def on_epoch(epoch: Epoch) -> None:
        reporter.measure({"network": label, **asdict(epoch)})
        reporter.advance(0)  # where a cancelled job stops

    examined = examine(
        evidence,
        experiment.cohort,
        settings=FitSettings(),
        seed=experiment.request.seed,
        device=experiment.subjects.audited.device,
        on_epoch=on_epoch,
    )
    reporter.advance()
    return examined


def _settings(experiment: _Experiment, plan: _Plan) -> dict[str, Any]:
    request, audited = experiment.request, experiment.subjects.audited
    return {
        "model": request.model,
        "model_fingerprint": audited.fingerprint,
        "reference": request.reference,
        "layer": plan.spec.layer,
        "auditor_kind": plan.kind,
        "view": plan.spec.view,
        "shape": list(plan.spec.shape),
        "map_side": request.map_side,
        "seed": request.seed,
        "overlap": experiment.cohort.overlap,
        "settings": asdict(FitSettings()),
        "device": str(audited.device),
    }
