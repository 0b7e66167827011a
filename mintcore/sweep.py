"""Train auditors for layers of an audited model, each beside its blind baselines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mintcore.arrays import pixels_spec
from mintcore.auditors import AUDITOR_KINDS, FUSED
from mintcore.auditors.course import Course, train
from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.fitting import FitSettings
from mintcore.auditors.plans import Plan, plan
from mintcore.auditors.sources import fused_sources, single_sources, usual_sources
from mintcore.cohorts import Cohort, build_cohort
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.extraction.run import extract
from mintcore.extraction.stores import store_of
from mintcore.models.registration import AuditedModel
from mintcore.models.taps import choose_layers, layers
from mintcore.overlaps import remarks
from mintcore.progress import Reporter
from mintcore.subjects import Subjects, load_subjects, refuse_partial_reference
from store.artefacts import Card, Home

KINDS = ("vanilla", "cnn")
SEEDS = 3


@dataclass(frozen=True)
class SweepRequest:
    """Which auditors to train.

    Attributes:
        model: Name of the audited model.
        members: Dataset whose members are used.
        external: Dataset whose externals are used.
        layers: "all", or layer names and globs separated by commas.
        kinds: Kinds of auditor; "fused" is one auditor for all its sources.
        map_side: Side of the maps that the CNN auditor reads, in pixels.
        reference: Name of a trained model that never saw the members, as a further blind baseline.
        seed: Seed of split, weights and order.
        allow_overlap: Go on where members and externals overlap.
        seeds: Networks of each source, from this many seeds; an image's score is their mean.
        view: Name of the view that single-source auditors read, such as "pooled-q10"; None for each kind's own.
        sources: "layer/view" each, what a fused auditor reads; none for the usual ones.
        settings: How networks are fitted.
    """

    model: str
    members: str
    external: str
    layers: str = "all"
    kinds: tuple[str, ...] = KINDS
    map_side: int = 8
    reference: str | None = None
    seed: int = 0
    allow_overlap: bool = False
    seeds: int = SEEDS
    view: str | None = None
    sources: tuple[str, ...] = ()
    settings: FitSettings = field(default_factory=FitSettings)

    def network_seeds(self) -> list[int]:
        """Give the seed of each network of a source."""
        return [self.seed + number for number in range(self.seeds)]


@dataclass(frozen=True)
class _Experiment:
    home: Home
    request: SweepRequest
    subjects: Subjects
    cohort: Cohort
    reporter: Reporter

    def models(self) -> dict[str, AuditedModel]:
        """Give the audited model and its blind counterparts, by the name of what reads them."""
        return {AUDITOR: self.subjects.audited, **self.subjects.blind()}


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
    _refuse_contradictions(request)
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
    missing = [each for each in plans if not home.has("auditors", each.auditor_id)]
    if missing:
        _extract(experiment, missing)
        _train(experiment, missing)
    reporter.log(f"{len(missing)} auditors trained, {len(plans) - len(missing)} there already")
    return [home.card("auditors", each.auditor_id) for each in plans]


def _refuse_contradictions(request: SweepRequest) -> None:
    unknown = [kind for kind in request.kinds if kind not in AUDITOR_KINDS]
    if unknown or not request.kinds:
        raise MintError(
            f"Unknown auditor kind {', '.join(unknown) or '(none)'!r}: choose of {', '.join(AUDITOR_KINDS)}."
        )
    if request.seeds < 1:
        raise MintError(f"{request.seeds} seeds: give 1 or more.")
    if request.sources and FUSED not in request.kinds:
        raise MintError("Only a fused auditor has sources to choose: give the kind 'fused'.")


def _plan(experiment: _Experiment) -> list[Plan]:
    request, audited = experiment.request, experiment.subjects.audited
    chosen = choose_layers(audited, request.layers)
    content = _content(experiment)
    plans = []
    for kind in request.kinds:
        if kind == FUSED:
            asked = request.sources or usual_sources(audited)
            sources = fused_sources(layers(audited), asked)
            plans.append(plan(request.model, FUSED, sources, content))
        else:
            single = single_sources(chosen, kind, request.view, request.map_side)
            plans += [plan(request.model, kind, (source,), content) for source in single]
    if not plans:
        raise MintError(
            f"None of the chosen layers can be read by {' or '.join(request.kinds)}: a CNN auditor needs a map, "
            f"`mint model layers {request.model}` shows which layers have one."
        )
    order = [layer.name for layer in chosen]
    return sorted(plans, key=lambda each: order.index(each.layer) if each.layer in order else -1)


def _content(experiment: _Experiment) -> dict[str, Any]:
    """Give what all auditors of a sweep are made from."""
    request, subjects = experiment.request, experiment.subjects
    return {
        "model": subjects.audited.fingerprint,
        "blind": [model.fingerprint for model in subjects.blind().values()],
        "cohort": experiment.cohort.made_from,
        "split": experiment.cohort.split_digest(),
        "settings": asdict(request.settings),
        "seeds": request.network_seeds(),
    }


def _extract(experiment: _Experiment, plans: Sequence[Plan]) -> None:
    request = experiment.request
    specs = {source.spec.key: source.spec for each in plans for source in each.sources}
    pixels = pixels_spec(experiment.subjects.audited)
    for name, model in experiment.models().items():
        wanted = [*specs.values(), pixels] if name == AUDITOR else list(specs.values())
        datasets = (request.members, request.external)
        extract(experiment.home, model, datasets, wanted, experiment.reporter)


def _train(experiment: _Experiment, plans: Sequence[Plan]) -> None:
    request, audited = experiment.request, experiment.subjects.audited
    stores = {
        name: store_of(experiment.home, model, 0) for name, model in experiment.models().items()
    }
    course = Course(
        home=experiment.home,
        cohort=experiment.cohort,
        stores=stores,
        pixels_key=pixels_spec(audited).key,
        settings=request.settings,
        seeds=request.network_seeds(),
        device=audited.device,
        reporter=experiment.reporter,
    )
    about = {
        "model": request.model,
        "model_fingerprint": audited.fingerprint,
        "reference": request.reference,
        "map_side": request.map_side,
        "seed": request.seed,
    }
    train(course, plans, about)
