"""Run the methods of others on a cohort: the same images, split as for our auditors."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.arrays import LABEL
from mintcore.cohorts import MIN_IMAGES_A_PART, Cohort, build_cohort
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.methods.answers import Answers, ask
from mintcore.methods.catalogue import METHODS, computable, compute
from mintcore.methods.figures import rows
from mintcore.methods.observations import Observations
from mintcore.methods.references import Reference, find_references
from mintcore.methods.requests import MethodsRequest
from mintcore.methods.rmia import GAMMA, OFFLINE_A
from mintcore.models.heads import CLASSIFIER, head_of
from mintcore.models.layers import SIGNALS
from mintcore.overlaps import remarks
from mintcore.progress import Reporter
from mintcore.trail import traced
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card

DEFINITIONS = 1
"""Of the methods; raised whenever one of them would give other scores, so that they are computed anew."""
CONSTANTS = {"rmia_gamma": GAMMA, "rmia_offline_a": OFFLINE_A}


@dataclass(frozen=True)
class _Experiment:
    home: Home
    request: MethodsRequest
    audited: Card
    references: list[Reference]
    cohort: Cohort


def run_methods(home: Home, request: MethodsRequest, *, device: str, reporter: Reporter) -> Card:
    """Run all methods that can be computed, and publish what they reach on the test part.

    What the store has is not computed again, and neither is what was published.

    Args:
        home: The home folder.
        request: Which methods on what.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of every batch.

    Returns:
        The card; its ``rows`` are the table, as ``mintcore.methods.figures.rows`` gives them.

    Raises:
        MintError: A model is no classifier, a reference model is not fit or its ledger is missing, an image has no
            label, or the images do not make a cohort.
        StoreError: A name is unknown.
    """
    audited = home.card("models", request.model)
    if head_of(audited) != CLASSIFIER:
        raise MintError(
            f"{request.model} gives no logits of classes, which all of these methods look at."
        )
    references = find_references(home, audited, request.references)
    cohort = build_cohort(
        home, request.members, request.external, request.seed, allow_overlap=request.allow_overlap
    )
    experiment = _Experiment(home, request, audited, references, cohort)
    methods_id = _methods_id(experiment)
    if home.has("methods", methods_id):
        reporter.log(f"{methods_id} is there already")
        return home.card("methods", methods_id)
    for remark in remarks(cohort.overlap):
        reporter.log(remark)
    answers = ask(home, request, cohort.sample_ids, choose_device(device), reporter)
    _publish(experiment, methods_id, answers)
    card = home.card("methods", methods_id)
    for remark in card["remarks"]:
        reporter.log(remark)
    return card


def _methods_id(experiment: _Experiment) -> str:
    content = {
        "model": experiment.audited["fingerprint"],
        "references": [reference.digest() for reference in experiment.references],
        "cohort": experiment.cohort.made_from,
        "split": experiment.cohort.split_digest(),
        "queries": experiment.request.queries,
        "target": experiment.request.target,
        "methods": [method.name for method in METHODS],
        "definitions": DEFINITIONS,
        "signals": SIGNALS,
        "constants": CONSTANTS,
    }
    encoded = json.dumps(content, sort_keys=True).encode()
    digest = hashlib.blake2b(encoded, digest_size=5).hexdigest()
    return f"{experiment.request.model[:60]}.methods.{digest}"


def _publish(experiment: _Experiment, methods_id: str, answers: Answers) -> None:
    cohort = experiment.cohort
    complete = answers.complete()
    tested = complete & (cohort.part == "test")
    _refuse_too_few(cohort.is_member[tested], int((complete & ~tested & ~cohort.is_member).sum()))
    seen = _observations(experiment, answers, complete)
    labels = experiment.request.target == LABEL
    methods, left_out = computable(seen, labels=labels)
    scores = {name: _everywhere(complete, found) for name, found in compute(seen, methods).items()}
    finding = {
        "rows": rows(
            methods,
            {name: found[tested] for name, found in scores.items()},
            cohort.is_member[tested],
            queries=experiment.request.queries,
            references=len(experiment.references),
        ),
        "remarks": left_out,
        "population": len(seen.population),
        "left_out": int((~complete).sum()),
    }
    with experiment.home.publishing("methods", methods_id) as folder:
        pq.write_table(_table(cohort, scores), folder / "scores.parquet")
        fields = {**_settings(experiment), **finding}
        write_card(folder, "methods", methods_id, **traced(experiment.home, "methods", fields))


def _refuse_too_few(is_member: np.ndarray, population: int) -> None:
    """Refuse what cannot be measured, where most images cannot be read any more."""
    members, externals = int(is_member.sum()), int((~is_member).sum())
    if min(members, externals, population) < MIN_IMAGES_A_PART:
        raise MintError(
            f"All models could be asked about {members} members, {externals} externals and {population} images of the "
            f"population only, of each at least {MIN_IMAGES_A_PART} are needed: `mint store info` says how many failed."
        )


def _observations(experiment: _Experiment, answers: Answers, complete: np.ndarray) -> Observations:
    """Take the images of which all models say something."""
    cohort = experiment.cohort
    audited = answers.signals[complete]
    ids = [cohort.sample_ids[place] for place in np.flatnonzero(complete)]
    unused = ~cohort.is_member & (cohort.part != "test")
    return Observations(
        signals={name: audited[:, :, number] for number, name in enumerate(SIGNALS)},
        references=_stacked((some[complete] for some in answers.references), audited.shape[:2]),
        trained_on=_stacked((each.trained_on(ids) for each in experiment.references), len(ids)),
        population=np.flatnonzero(unused[complete]),
    )


def _stacked(parts: Iterable[np.ndarray], shape: Any) -> np.ndarray:
    known = list(parts)
    return np.stack(known) if known else np.empty((0, *np.atleast_1d(shape)), bool)


def _everywhere(complete: np.ndarray, scores: np.ndarray) -> np.ndarray:
    spread = np.full(len(complete), np.nan)
    spread[complete] = scores
    return spread


def _table(cohort: Cohort, scores: dict[str, np.ndarray]) -> pa.Table:
    columns = {
        "sample_id": cohort.sample_ids,
        "is_member": cohort.is_member,
        "part": [str(part) for part in cohort.part],
    }
    return pa.table(columns | scores)


def _settings(experiment: _Experiment) -> dict[str, Any]:
    return {
        "model": experiment.request.model,
        "model_fingerprint": experiment.audited["fingerprint"],
        "made_from": experiment.cohort.made_from,
        "references": {each.name: each.card["fingerprint"] for each in experiment.references},
        "request": asdict(experiment.request),
        "constants": CONSTANTS,
        "definitions": DEFINITIONS,
        "overlap": experiment.cohort.overlap,
        "versions": versions(),
    }
