"""What networks are fitted on: a named array of a store, for the images of a cohort."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mintcore.auditors.ensembles import Ensemble
from mintcore.auditors.fitting import (
    Epoch,
    Exercise,
    FitSettings,
    LabelledSet,
    fit_together,
    score,
)
from mintcore.cohorts import Cohort, Part
from store.epochs import RowSet
from store.feature_store import FeatureStore

AUDITOR = "auditor"
FRESH = "fresh weights"
REFERENCE = "reference model"
PIXELS = "raw pixels"
NULL = "permuted labels"


@dataclass(frozen=True)
class Evidence:
    """One array of one store, read by one kind of network.

    Attributes:
        name: "auditor", or which blind baseline.
        kind: Kind of the network.
        store: The store it is read from.
        key: The array's key, "layer/view".
    """

    name: str
    kind: str
    store: FeatureStore
    key: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one activation."""
        return self.store.specs()[self.key].shape

    @property
    def label(self) -> str:
        """How its training is called in a history and in a live curve."""
        return f"{self.name}: {self.kind} on {self.key}"


@dataclass(frozen=True)
class Examined:
    """Networks of several seeds, fitted on the same evidence, with their scores for the whole cohort.

    Attributes:
        evidence: What they were fitted on.
        network: One network a seed, each of its best epoch.
        history: Their training.
        scores: (S, N) logits of S seeds for the cohort's images; NaN where an image has no activation.
    """

    evidence: Evidence
    network: Ensemble
    history: list[Epoch]
    scores: np.ndarray


def examine(
    evidences: Sequence[Evidence],
    cohort: Cohort,
    *,
    settings: FitSettings,
    seeds: Sequence[int],
    device: torch.device,
    on_epoch: Callable[[Evidence, Epoch], None],
) -> list[Examined]:
    """Fit networks on the training part, choose each one's epoch on the validation part, score every part.

    Args:
        evidences: What is read; all that are given are fitted together.
        cohort: The images.
        settings: How networks are fitted.
        seeds: A network of each evidence is fitted for each.
        device: Where to fit.
        on_epoch: Told of each epoch of each network; may raise to stop.
    """
    rows = [evidence.store.locate(evidence.key, cohort.sample_ids) for evidence in evidences]
    fitted = fit_together(
        [_exercise(evidence, cohort, of) for evidence, of in zip(evidences, rows, strict=True)],
        settings=settings,
        seeds=seeds,
        device=device,
        on_epoch=lambda position, epoch: on_epoch(evidences[position], epoch),
    )
    return [
        Examined(evidence, found.network, found.history, score_rows(found.network, evidence, of))
        for evidence, found, of in zip(evidences, fitted, rows, strict=True)
    ]


def score_rows(network: Ensemble, evidence: Evidence, rows: np.ndarray) -> np.ndarray:
    """Score rows of the evidence's array.

    Args:
        network: Fitted networks.
        evidence: Where the rows are.
        rows: (N,) int64, -1 where an image has no activation.

    Returns:
        (S, N) float64 logits, a row a network; NaN where there is no activation.
    """
    scores = np.full((len(network.members), len(rows)), np.nan)
    present = np.flatnonzero(rows >= 0)
    if len(present):
        activations = RowSet(evidence.store, evidence.key, rows[present])
        scores[:, present] = score(network, activations).T
    return scores


def _exercise(evidence: Evidence, cohort: Cohort, rows: np.ndarray) -> Exercise:
    def labelled(part: Part) -> LabelledSet:
        positions = np.flatnonzero((rows >= 0) & (cohort.part == part))
        activations = RowSet(evidence.store, evidence.key, rows[positions])
        return LabelledSet(activations, cohort.is_member[positions])

    return Exercise(evidence.kind, labelled("train"), labelled("validation"))
