"""Train planned auditors beside their blind baselines, pass by pass, and publish each."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from mintcore.auditors.evidence import AUDITOR, NULL, PIXELS, Evidence, Examined
from mintcore.auditors.examination import Examination, parts
from mintcore.auditors.finding import Null, find
from mintcore.auditors.fitting import Epoch
from mintcore.auditors.fusion import Fused, fuse_examined
from mintcore.auditors.plans import Plan, passes
from mintcore.auditors.publication import find_examined, publish_auditor
from mintcore.auditors.sources import count_networks
from mintcore.cluster.crew import Crew
from mintcore.cohorts import Cohort
from mintcore.evaluation.roc import auc
from mintcore.progress import Reporter
from store.artefacts import Home
from store.feature_store import FeatureStore

_Examinations = dict[tuple[str, str, tuple[str, ...]], Examined]
"""(Auditor or baseline, kind of network, array keys) -> what was examined."""


@dataclass(frozen=True)
class Course:
    """What all auditors of a sweep have in common.

    Attributes:
        home: The home folder.
        examination: The images, and how networks are fitted. The first seed is that of the bootstrap, too.
        stores: "auditor" and each blind model's baseline -> the store of its activations.
        pixels_key: Array of the audited model's store with the images themselves.
        device: Where to fit.
        reporter: Told of each epoch.
        crew: Workers that fit; None for this process.
    """

    home: Home
    examination: Examination
    stores: Mapping[str, FeatureStore]
    pixels_key: str
    device: torch.device
    reporter: Reporter
    crew: Crew | None = None

    @property
    def cohort(self) -> Cohort:
        """The images."""
        return self.examination.cohort


def train(course: Course, plans: Sequence[Plan], about: Mapping[str, Any]) -> None:
    """Train and publish auditors.

    Args:
        course: What they have in common.
        plans: The auditors.
        about: What their cards say of the request.
    """
    sources = sum(len(each.sources) for each in plans)
    seeds, epochs = len(course.examination.seeds), course.examination.settings.epochs
    networks = count_networks(sources, len(course.stores), seeds) + seeds
    course.reporter.stage("Train auditors", networks * epochs)
    pixels = _known_pixels(course)
    for together in passes(plans, len(course.cohort.sample_ids), len(course.stores)):
        began = time.monotonic()
        asked = _evidence(course, together)
        if not pixels:
            asked.append(_pixels(course))
        examined = _by_evidence(_examine(course, asked)) | pixels
        pixels = {key: each for key, each in examined.items() if key[0] == PIXELS}
        seconds = (time.monotonic() - began) / len(together)
        for each in together:
            _publish(course, each, examined, {**about, "seconds": seconds})


def _evidence(course: Course, plans: Sequence[Plan]) -> list[Evidence]:
    """List what the auditors of a pass read, and the null with them."""
    sources = dict.fromkeys((source.kind, source.keys) for each in plans for source in each.sources)
    stores = {**course.stores, NULL: course.stores[AUDITOR]}
    return [
        Evidence(name, kind, store, keys)
        for name, store in stores.items()
        for kind, keys in sources
    ]


def _pixels(course: Course) -> Evidence:
    """Give the raw pixels, which are the same for every layer."""
    return Evidence(PIXELS, "cnn", course.stores[AUDITOR], (course.pixels_key,))


def _known_pixels(course: Course) -> _Examinations:
    """Find the networks of the raw pixels where an earlier sweep has fitted them: once a cohort is enough."""
    examination = course.examination
    known = find_examined(
        course.home,
        _pixels(course),
        course.cohort,
        examination.settings,
        examination.seeds,
    )
    if known is None:
        return {}
    course.reporter.advance(examination.epochs([known.evidence]))
    return _by_evidence([known])


def _by_evidence(examined: Iterable[Examined]) -> _Examinations:
    return {(each.evidence.name, each.evidence.kind, each.evidence.keys): each for each in examined}


def _examine(course: Course, evidences: Sequence[Evidence]) -> list[Examined]:
    def on_epoch(evidence: Evidence, epoch: Epoch) -> None:
        course.reporter.measure({"network": evidence.label, **asdict(epoch)})
        course.reporter.advance()  # where a cancelled job stops

    if course.crew is None:
        examined = course.examination.examine(evidences, course.device, on_epoch)
    else:
        examined = []
        for found in course.crew.in_order(course.examination, parts(evidences, course.crew.hire())):
            examined += found
            for each in found:
                for epoch in each.history:
                    on_epoch(each.evidence, epoch)
    told = sum(len(each.history) for each in examined)
    course.reporter.advance(course.examination.epochs(evidences) - told)  # those that stopped early
    return examined


def _publish(course: Course, plan: Plan, examined: _Examinations, about: Mapping[str, Any]) -> None:
    def fused(name: str, cohort: Cohort) -> Fused:
        sources = [examined[name, source.kind, source.keys] for source in plan.sources]
        return fuse_examined(sources, cohort)

    judged = {name: fused(name, course.cohort) for name in course.stores}
    judged[PIXELS] = fuse_examined([examined[PIXELS, "cnn", (course.pixels_key,)]], course.cohort)
    null = fused(NULL, course.examination.permuted)
    finding = find(
        {name: result.scores for name, result in judged.items()},
        course.cohort,
        seed=course.examination.seeds[0],
        by_seed=judged[AUDITOR].scores_by_seed(),
        null=Null(null.scores, course.examination.permuted.is_member),
    )
    settings = {
        **about,
        **_described(plan),
        "seeds": list(course.examination.seeds),
        "settings": asdict(course.examination.settings),
        "device": str(course.device),
        "overlap": course.cohort.overlap,
        "validation_auc": validation_auc(judged[AUDITOR], course.cohort),
    }
    publish_auditor(
        course.home, plan.auditor_id, course.cohort, judged, settings=settings, finding=finding
    )


def _described(plan: Plan) -> dict[str, Any]:
    specs = [spec for source in plan.sources for spec in source.specs]
    first, alone = specs[0], len(specs) == 1
    return {
        "layer": plan.layer,
        "auditor_kind": plan.kind,
        "view": first.view if alone else None,
        "shape": list(first.shape) if alone else None,
    }


def validation_auc(fused: Fused, cohort: Cohort) -> float:
    """Give the AUC of an auditor's scores on the validation part."""
    usable = np.isfinite(fused.scores) & (cohort.part == "validation")
    members, externals = usable & cohort.is_member, usable & ~cohort.is_member
    return auc(fused.scores[members], fused.scores[externals])
