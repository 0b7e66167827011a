"""What networks are fitted on, and what comes of it."""

from dataclasses import dataclass

import numpy as np

from mintcore.auditors.ensembles import Ensemble
from store.epochs import RowSet
from store.joined import JoinedRows
from store.layout import ArraySpec

Activations = RowSet | JoinedRows
"""What networks read: rows of one array, or of several side by side."""


@dataclass(frozen=True)
class LabelledSet:
    """Activations with what is known of their images.

    Attributes:
        activations: N activations.
        is_member: (N,) bool.
    """

    activations: Activations
    is_member: np.ndarray


@dataclass(frozen=True)
class Exercise:
    """What networks of one kind learn from: one array, or several side by side, with one labelling.

    Attributes:
        kind: Kind of the networks.
        train: What the weights are fitted on.
        validation: What the epoch is chosen on.
    """

    kind: str
    train: LabelledSet
    validation: LabelledSet

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one activation."""
        return self.train.activations.shape

    @property
    def specs(self) -> tuple[ArraySpec, ...]:
        """The arrays that are read."""
        return self.train.activations.specs


@dataclass(frozen=True)
class Epoch:
    """One epoch of the network of one seed; losses are mean binary cross-entropies, balanced by class."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_auc: float
    seed: int = 0


@dataclass(frozen=True)
class Fitted:
    """Fitted networks, one a seed, with the history of their training.

    Attributes:
        network: Gives a column of logits a seed.
        history: Every epoch of the first seed, then of the next.
    """

    network: Ensemble
    history: list[Epoch]


def best_epoch(history: list[Epoch]) -> int:
    """Number of the epoch with the best validation AUC, the first of equals."""
    return max(history, key=lambda epoch: epoch.validation_auc).epoch


def member_weight(is_member: np.ndarray) -> float:
    """Weight of a member in the loss, so that members and externals count alike in all."""
    members = int(is_member.sum())
    return (len(is_member) - members) / members
