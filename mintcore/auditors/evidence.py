"""What networks are fitted on: named arrays of a store, for the images of a cohort."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from mintcore.auditors import JOINT
from mintcore.auditors.ensembles import Ensemble
from mintcore.auditors.exercises import Activations
from mintcore.auditors.fitting import (
    Epoch,
    Exercise,
    FitSettings,
    LabelledSet,
    fit_together,
    score,
)
from mintcore.auditors.importance import importance
from mintcore.cohorts import Cohort, Part
from store.epochs import MEMORY_BYTES, RowSet
from store.feature_store import FeatureStore
from store.joined import JoinedRows
from store.layout import ArraySpec

AUDITOR = "auditor"
FRESH = "fresh weights"
REFERENCE = "reference model"
PIXELS = "raw pixels"
NULL = "permuted labels"


@dataclass(frozen=True)
class Evidence:
    """Arrays of one store, read by one kind of network.

    Attributes:
        name: "auditor", or which blind baseline.
        kind: Kind of the network.
        store: The store it is read from.
        keys: Keys of the arrays, "layer/view": one, but for a kind that reads several.
    """

    name: str
    kind: str
    store: FeatureStore
    keys: tuple[str, ...]

    @property
    def specs(self) -> tuple[ArraySpec, ...]:
        """The arrays."""
        known = self.store.specs()
        return tuple(known[key] for key in self.keys)

    @property
    def label(self) -> str:
        """How its training is called in a history and in a live curve."""
        read = self.keys[0] if len(self.keys) == 1 else f"{len(self.keys)} arrays"
        return f"{self.name}: {self.kind} on {read}"

    def rows(self, sample_ids: Sequence[str]) -> np.ndarray:
        """Find (K, N) int64 rows of images in each array, -1 where an image has no activation."""
        return np.stack([self.store.locate(key, sample_ids) for key in self.keys])

    def activations(self, rows: np.ndarray) -> Activations:
        """Give what (K, N) rows hold, none of them -1."""
        memory_bytes = MEMORY_BYTES // len(self.keys)
        sets = [
            RowSet(self.store, key, own, memory_bytes)
            for key, own in zip(self.keys, rows, strict=True)
        ]
        return sets[0] if len(sets) == 1 else JoinedRows(sets)


@dataclass(frozen=True)
class Examined:
    """Networks of several seeds, fitted on the same evidence, with their scores for the whole cohort.

    Attributes:
        evidence: What they were fitted on.
        network: One network a seed, each of its best epoch.
        history: Their training.
        scores: (S, N) logits of S seeds for the cohort's images; NaN where an image has no activation.
        importance: Of a joint network, view -> AUC that is lost on the validation part without it.
    """

    evidence: Evidence
    network: Ensemble
    history: list[Epoch]
    scores: np.ndarray
    importance: Mapping[str, float] = field(default_factory=dict)


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
    rows = [evidence.rows(cohort.sample_ids) for evidence in evidences]
    exercises = [
        _exercise(evidence, cohort, of) for evidence, of in zip(evidences, rows, strict=True)
    ]
    fitted = fit_together(
        exercises,
        settings=settings,
        seeds=seeds,
        device=device,
        on_epoch=lambda position, epoch: on_epoch(evidences[position], epoch),
    )
    return [
        Examined(
            evidence,
            found.network,
            found.history,
            score_rows(found.network, evidence, of),
            importance(found.network, exercise.validation) if evidence.kind == JOINT else {},
        )
        for evidence, exercise, found, of in zip(evidences, exercises, fitted, rows, strict=True)
    ]


def score_rows(network: Ensemble, evidence: Evidence, rows: np.ndarray) -> np.ndarray:
    """Score rows of the evidence's arrays.

    Args:
        network: Fitted networks.
        evidence: Where the rows are.
        rows: (K, N) int64, -1 where an image has no activation.

    Returns:
        (S, N) float64 logits, a row a network; NaN where there is no activation.
    """
    scores = np.full((len(network.members), rows.shape[1]), np.nan)
    present = np.flatnonzero((rows >= 0).all(axis=0))
    if len(present):
        scores[:, present] = score(network, evidence.activations(rows[:, present])).T
    return scores


def _exercise(evidence: Evidence, cohort: Cohort, rows: np.ndarray) -> Exercise:
    def labelled(part: Part) -> LabelledSet:
        positions = np.flatnonzero((rows >= 0).all(axis=0) & (cohort.part == part))
        return LabelledSet(evidence.activations(rows[:, positions]), cohort.is_member[positions])

    return Exercise(evidence.kind, labelled("train"), labelled("validation"))
