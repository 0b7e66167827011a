"""What one network is fitted on: a named array of a store, for the images of a cohort."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

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


@dataclass(frozen=True)
class Examined:
    """A network fitted on evidence, with its scores for the whole cohort.

    Attributes:
        evidence: What it was fitted on.
        network: The network of the best epoch.
        history: Its training.
        scores: (N,) logits for the cohort's images; NaN where an image has no activation.
    """

    evidence: Evidence
    network: nn.Module
    history: list[Epoch]
    scores: np.ndarray


def examine(
    evidence: Evidence,
    cohort: Cohort,
    *,
    settings: FitSettings,
    seed: int,
    device: torch.device,
    on_epoch: Callable[[Epoch], None],
) -> Examined:
    """Fit a network on the training part, choose its epoch on the validation part, score every part."""
    rows = evidence.store.locate(evidence.key, cohort.sample_ids)

    def labelled(part: Part) -> LabelledSet:
        positions = np.flatnonzero((rows >= 0) & (cohort.part == part))
        activations = RowSet(evidence.store, evidence.key, rows[positions])
        return LabelledSet(activations, cohort.is_member[positions])

    [fitted] = fit_together(
        [Exercise(evidence.kind, labelled("train"), labelled("validation"))],
        settings=settings,
        seeds=[seed],
        device=device,
        on_epoch=lambda _, epoch: on_epoch(epoch),
    )
    scores = score_rows(fitted.network, evidence, rows)
    return Examined(evidence, fitted.network, fitted.history, scores)


def score_rows(network: nn.Module, evidence: Evidence, rows: np.ndarray) -> np.ndarray:
    """Score rows of the evidence's array.

    Args:
        network: A fitted network.
        evidence: Where the rows are.
        rows: (N,) int64, -1 where an image has no activation.

    Returns:
        (N,) float64 logits, NaN where there is no activation.
    """
    scores = np.full(len(rows), np.nan)
    present = np.flatnonzero(rows >= 0)
    if len(present):
        activations = RowSet(evidence.store, evidence.key, rows[present])
        scores[present] = score(network, activations).mean(axis=1)
    return scores
