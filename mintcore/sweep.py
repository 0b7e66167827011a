"""Train auditors for layers of an audited model, each beside its blind baselines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from mintcore.arrays import pixels_spec
from mintcore.auditors.course import Course, train
from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.examination import Examination
from mintcore.auditors.fitting import FitSettings
from mintcore.auditors.plans import Plan, plan
from mintcore.auditors.requests import (
    KINDS,
    SEEDS,
    SweepRequest,
    asked_auditors,
    refuse_contradictions,
)
from mintcore.cluster.crew import Crew, hiring
from mintcore.cluster.places import parse_place
from mintcore.cohorts import Cohort, build_cohort
from mintcore.counted import counted
from mintcore.devices import choose_device
from mintcore.extraction.run import extract
from mintcore.extraction.stores import store_of
from mintcore.models.registration import AuditedModel
from mintcore.models.taps import choose_layers, layers
from mintcore.overlaps import remarks
from mintcore.progress import Reporter
from mintcore.subjects import Subjects, load_subjects, refuse_partial_reference
from store.artefacts import Card, Home

__all__ = [
    "KINDS",
    "SEEDS",
    "Experiment",
    "SweepRequest",
    "plan_auditors",
    "prepare",
    "sweep",
    "train_missing",
]


@dataclass(frozen=True)
class Experiment:
    """A request with what it names, loaded; and workers, where it is spread over some."""

    home: Home
    request: SweepRequest
    subjects: Subjects
    cohort: Cohort
    reporter: Reporter
    crew: Crew | None = None

    def models(self) -> dict[str, AuditedModel]:
        """Give the audited model and its blind counterparts, by the name of what reads them."""
        return {AUDITOR: self.subjects.audited, **self.subjects.blind()}

    def with_settings(self, settings: FitSettings, search: dict[str, Any]) -> "Experiment":
        """Give the same experiment with settings that were searched."""
        return replace(self, request=replace(self.request, settings=settings, search=search))


def sweep(home: Home, request: SweepRequest, *, device: str, reporter: Reporter) -> list[Card]:
    """Train what is missing of a sweep.

    Args:
        home: The home folder.
        request: Which auditors.
        device: Where, as ``mintcore.cluster.places`` names it.
        reporter: Told of each stage, and of each epoch of each network.

    Returns:
        The card of each auditor, in the order of the layers.

    Raises:
        MintError: A name is unknown, an image is member and external at once, or there are too few images.
    """
    experiment = prepare(home, request, device=device, reporter=reporter)
    with hiring(parse_place(device), home, reporter) as crew:
        return train_missing(replace(experiment, crew=crew))


def prepare(home: Home, request: SweepRequest, *, device: str, reporter: Reporter) -> Experiment:
    """Load the models and split the images of a sweep; arguments and errors are those of ``sweep``."""
    refuse_contradictions(request)
    subjects = load_subjects(home, request.model, request.reference, choose_device(device))
    if subjects.reference is not None:
        refuse_partial_reference(subjects.reference.card, request.datasets())
    cohort = build_cohort(
        home, request.members, request.external, request.seed, allow_overlap=request.allow_overlap
    )
    for remark in remarks(cohort.overlap):
        reporter.log(remark)
    return Experiment(home, request, subjects, cohort, reporter)


def train_missing(experiment: Experiment) -> list[Card]:
    """Train the auditors of an experiment that are not there yet, and give the cards of all."""
    home, plans = experiment.home, plan_auditors(experiment)
    missing = [each for each in plans if not home.has("auditors", each.auditor_id)]
    if missing:
        _extract(experiment, missing)
        _train(experiment, missing)
    experiment.reporter.log(
        f"{counted(len(missing), 'auditor')} trained, {len(plans) - len(missing)} there already"
    )
    return [home.card("auditors", each.auditor_id) for each in plans]


def plan_auditors(experiment: Experiment) -> list[Plan]:
    """List the auditors of an experiment, in the order of the layers.

    Raises:
        MintError: A layer, a view or a source is unknown, or no layer can be read by the kinds.
    """
    request, audited = experiment.request, experiment.subjects.audited
    chosen = choose_layers(audited, request.layers)
    content = _content(experiment)
    asked = asked_auditors(request, chosen, layers(audited), audited.head)
    plans = [plan(request.model, kind, sources, content) for kind, sources in asked]
    order = [layer.name for layer in chosen]
    return sorted(plans, key=lambda each: order.index(each.layer) if each.layer in order else -1)


def _content(experiment: Experiment) -> dict[str, Any]:
    """Give what all auditors of a sweep are made from."""
    request, subjects = experiment.request, experiment.subjects
    return {
        "model": subjects.audited.fingerprint,
        "blind": [model.fingerprint for model in subjects.blind().values()],
        "cohort": experiment.cohort.made_from,
        "split": experiment.cohort.split_digest(),
        "settings": asdict(request.settings),
        "seeds": request.network_seeds(),
        **({} if request.search is None else {"search": request.search}),
    }


def _extract(experiment: Experiment, plans: Sequence[Plan]) -> None:
    request = experiment.request
    sources = [source for each in plans for source in each.sources]
    specs = {spec.key: spec for source in sources for spec in source.specs}
    pixels = pixels_spec(experiment.subjects.audited)
    for name, model in experiment.models().items():
        wanted = [*specs.values(), pixels] if name == AUDITOR else list(specs.values())
        extract(
            experiment.home,
            model,
            request.datasets(),
            wanted,
            experiment.reporter,
            crew=experiment.crew,
        )


def _train(experiment: Experiment, plans: Sequence[Plan]) -> None:
    request, audited = experiment.request, experiment.subjects.audited
    stores = {
        name: store_of(experiment.home, model, 0) for name, model in experiment.models().items()
    }
    course = Course(
        home=experiment.home,
        examination=Examination(
            experiment.cohort, request.settings, tuple(request.network_seeds())
        ),
        stores=stores,
        pixels_key=pixels_spec(audited).key,
        device=audited.device,
        reporter=experiment.reporter,
        crew=experiment.crew,
    )
    about = {
        "model": request.model,
        "model_fingerprint": audited.fingerprint,
        "reference": request.reference,
        "map_side": request.map_side,
        "seed": request.seed,
        "search": request.search,
    }
    train(course, plans, about)
