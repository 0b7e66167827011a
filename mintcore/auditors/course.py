"""Train planned auditors beside their blind baselines, pass by pass, and publish each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from mintcore.auditors.evidence import AUDITOR, NULL, PIXELS, Evidence, Examined, examine
from mintcore.auditors.finding import Null, find
from mintcore.auditors.fitting import Epoch, FitSettings
from mintcore.auditors.fusion import Fused, fuse_examined
from mintcore.auditors.plans import Plan, passes
from mintcore.auditors.publication import find_examined, publish_auditor
from mintcore.auditors.sources import count_networks
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
        cohort: The images.
        stores: "auditor" and each blind model's baseline -> the store of its activations.
        pixels_key: Array of the audited model's store with the images themselves.
        settings: How networks are fitted.
        seeds: A network of each source is fitted for each; the first is that of the bootstrap, too.
        device: Where to fit.
        reporter: Told of each epoch.
    """

    home: Home
    cohort: Cohort
    stores: Mapping[str, FeatureStore]
    pixels_key: str
    settings: FitSettings
    seeds: Sequence[int]
    device: torch.device
    reporter: Reporter

    @cached_property
    def permuted(self) -> Cohort:
        """The cohort of the null: nothing is to be found in it."""
        return self.cohort.permuted(self.seeds[0])


def train(course: Course, plans: Sequence[Plan], about: Mapping[str, Any]) -> None:
    """Train and publish auditors.

    Args:
        course: What they have in common.
        plans: The auditors.
        about: What their cards say of the request.
    """
    sources = sum(len(each.sources) for each in plans)
    networks = count_networks(sources, len(course.stores), len(course.seeds)) + len(course.seeds)
    course.reporter.stage("Train auditors", networks * course.settings.epochs)
    pixels = _pixels(course)
    for together in passes(plans, len(course.cohort.sample_ids), len(course.stores)):
        began = time.monotonic()
        examined = _examine_pass(course, together) | pixels
        seconds = (time.monotonic() - began) / len(together)
        for each in together:
            _publish(course, each, examined, {**about, "seconds": seconds})


def _examine_pass(course: Course, plans: Sequence[Plan]) -> _Examinations:
    sources = dict.fromkeys((source.kind, source.keys) for each in plans for source in each.sources)
    evidences = [
        Evidence(name, kind, store, keys)
        for name, store in course.stores.items()
        for kind, keys in sources
    ]
    null = [Evidence(NULL, kind, course.stores[AUDITOR], keys) for kind, keys in sources]
    examined = [
        *_examine(course, evidences, course.cohort, course.seeds),
        *_examine(course, null, course.permuted, course.seeds[:1]),
    ]
    return {(each.evidence.name, each.evidence.kind, each.evidence.keys): each for each in examined}


def _pixels(course: Course) -> _Examinations:
    """Fit raw pixels, which are the same for every layer, once a cohort: an earlier sweep may have done so."""
    evidence = Evidence(PIXELS, "cnn", course.stores[AUDITOR], (course.pixels_key,))
    known = find_examined(course.home, evidence, course.cohort, course.settings, course.seeds)
    if known is None:
        (known,) = _examine(course, [evidence], course.cohort, course.seeds)
    else:
        course.reporter.advance(len(course.seeds) * course.settings.epochs)
    return {(PIXELS, evidence.kind, evidence.keys): known}


def _examine(
    course: Course, evidences: Sequence[Evidence], cohort: Cohort, seeds: Sequence[int]
) -> list[Examined]:
    def on_epoch(evidence: Evidence, epoch: Epoch) -> None:
        course.reporter.measure({"network": evidence.label, **asdict(epoch)})
        course.reporter.advance()  # where a cancelled job stops

    examined = examine(
        evidences,
        cohort,
        settings=course.settings,
        seeds=seeds,
        device=course.device,
        on_epoch=on_epoch,
    )
    told = sum(len(each.history) for each in examined)
    most = len(evidences) * len(seeds) * course.settings.epochs
    course.reporter.advance(most - told)  # those that stopped early
    return examined


def _publish(course: Course, plan: Plan, examined: _Examinations, about: Mapping[str, Any]) -> None:
    def fused(name: str, cohort: Cohort) -> Fused:
        sources = [examined[name, source.kind, source.keys] for source in plan.sources]
        return fuse_examined(sources, cohort)

    judged = {name: fused(name, course.cohort) for name in course.stores}
    judged[PIXELS] = fuse_examined([examined[PIXELS, "cnn", (course.pixels_key,)]], course.cohort)
    null = fused(NULL, course.permuted)
    finding = find(
        {name: result.scores for name, result in judged.items()},
        course.cohort,
        seed=course.seeds[0],
        by_seed=judged[AUDITOR].scores_by_seed(),
        null=Null(null.scores, course.permuted.is_member),
    )
    settings = {
        **about,
        **_described(plan),
        "seeds": list(course.seeds),
        "settings": asdict(course.settings),
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
