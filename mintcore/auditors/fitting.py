"""Fit one network to tell members from externals, and score images with it."""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mintcore.auditors.networks import build_network
from mintcore.auditors.standardisation import Standardise
from mintcore.evaluation.roc import auc
from store.epochs import RowSet

SCORING_BATCH = 1024


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted.

    Attributes:
        epochs: At most this many passes over the training part.
        patience: Stop after this many epochs without a better validation AUC.
        batch_size: Images a step.
        learning_rate: Peak of the cosine schedule of AdamW.
        weight_decay: Of AdamW.
    """

    epochs: int = 40
    patience: int = 8
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.05


@dataclass(frozen=True)
class LabelledSet:
    """Activations with what is known of their images.

    Attributes:
        activations: N activations.
        is_member: (N,) bool.
    """

    activations: RowSet
    is_member: np.ndarray


@dataclass(frozen=True)
class Epoch:
    """One epoch of a training; losses are mean binary cross-entropies."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_auc: float


@dataclass(frozen=True)
class Fitted:
    """A fitted network with the history of its training."""

    network: nn.Module
    history: list[Epoch]


def fit(
    kind: str,
    train: LabelledSet,
    validation: LabelledSet,
    *,
    settings: FitSettings,
    seed: int,
    device: torch.device,
    on_epoch: Callable[[Epoch], None],
) -> Fitted:
    """Fit a network of a kind; the epoch with the best validation AUC is kept.

    Args:
        kind: "vanilla" or "cnn".
        train: What the weights are fitted on.
        validation: What the epoch is chosen on.
        settings: How to fit.
        seed: Seed of the weights, the order of images and dropout; on a CPU the result is reproducible.
        device: Where to fit.
        on_epoch: Told of each epoch; may raise to stop.
    """
    rng = np.random.default_rng(seed)
    forked = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with forked, _threads_for(train.activations.shape):
        torch.manual_seed(seed)
        network = build_network(kind, train.activations.shape)
        _standardise(network, train.activations)
        network.to(device)
        history: list[Epoch] = []
        best = copy.deepcopy(network.state_dict())
        for epoch in _epochs(network, train, validation, settings, rng):
            history.append(epoch)
            on_epoch(epoch)
            if _best_epoch(history) == epoch.epoch:
                best = copy.deepcopy(network.state_dict())
            elif epoch.epoch - _best_epoch(history) >= settings.patience:
                break
    network.load_state_dict(best)
    return Fitted(network.eval(), history)


def score(network: nn.Module, activations: RowSet) -> np.ndarray:
    """Score every activation of a set.

    Returns:
        (N,) float64 logits, higher for members, in the order of the set's rows.
    """
    scores = np.empty(len(activations))
    for positions, values in activations.sequential(SCORING_BATCH):
        scores[positions] = score_values(network, values)
    return scores


@torch.inference_mode()
def score_values(network: nn.Module, values: np.ndarray) -> np.ndarray:
    """Score (B, *shape) activations: (B,) float64 logits."""
    network.eval()
    logits = network(_tensor(values, _device(network)))
    return np.asarray(logits.squeeze(1).double().cpu().numpy())


def _epochs(
    network: nn.Module,
    train: LabelledSet,
    validation: LabelledSet,
    settings: FitSettings,
    rng: np.random.Generator,
) -> Iterator[Epoch]:
    """Train in place, one epoch whenever the next is asked for."""
    device = _device(network)
    members = train.is_member.sum()
    balance = torch.tensor((len(train.is_member) - members) / members, dtype=torch.float32)
    loss_of = nn.BCEWithLogitsLoss(pos_weight=balance).to(device)
    optimiser = torch.optim.AdamW(
        network.parameters(),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    steps = settings.epochs * math.ceil(len(train.is_member) / settings.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for number in range(1, settings.epochs + 1):
        network.train()
        losses = []
        for positions, values in train.activations.shuffled(settings.batch_size, rng):
            if len(positions) == 1:  # batch norm cannot learn from a single image
                continue
            target = _tensor(train.is_member[positions], device)
            loss = loss_of(network(_tensor(values, device)).squeeze(1), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.detach())
        yield _validated(network, validation, loss_of, number, float(torch.stack(losses).mean()))


def _validated(
    network: nn.Module,
    validation: LabelledSet,
    loss_of: nn.Module,
    number: int,
    train_loss: float,
) -> Epoch:
    device = _device(network)
    scores = score(network, validation.activations)
    is_member = validation.is_member
    return Epoch(
        epoch=number,
        train_loss=train_loss,
        validation_loss=float(loss_of(_tensor(scores, device), _tensor(is_member, device))),
        validation_auc=auc(scores[is_member], scores[~is_member]),
    )


def _best_epoch(history: list[Epoch]) -> int:
    return max(history, key=lambda epoch: epoch.validation_auc).epoch


def _standardise(network: nn.Module, train: RowSet) -> None:
    for module in network.modules():
        if isinstance(module, Standardise):
            module.fit(values for _, values in train.sequential(SCORING_BATCH))


@contextmanager
def _threads_for(shape: tuple[int, ...]) -> Iterator[None]:
    """Use one thread for vectors: a perceptron this small loses more to waking threads than it gains."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if len(shape) == 1 else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device


def _tensor(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device)
