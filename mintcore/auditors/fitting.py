"""Fit one network to tell members from externals, and score images with it."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mintcore.activations import ActivationSet
from mintcore.auditors.networks import build_network
from mintcore.auditors.standardisation import Standardise
from mintcore.evaluation.roc import auc

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
    train: ActivationSet,
    train_targets: np.ndarray,
    validation: ActivationSet,
    validation_targets: np.ndarray,
    *,
    settings: FitSettings,
    seed: int,
    device: torch.device,
    on_epoch: Callable[[Epoch], None],
) -> Fitted:
    """Fit a network of a kind; the epoch with the best validation AUC is kept.

    Args:
        kind: "vanilla" or "cnn".
        train: N activations.
        train_targets: (N,) bool, true for members.
        validation: M activations.
        validation_targets: (M,) bool.
        settings: How to fit.
        seed: Seed of the weights, the order of images and dropout; on a CPU the result is reproducible.
        device: Where to fit.
        on_epoch: Told of each epoch; may raise to stop.
    """
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        network = build_network(kind, train.shape)
        _standardise(network, train)
        network.to(device)
        return _fit(
            network,
            train,
            train_targets,
            validation,
            validation_targets,
            settings,
            rng,
            device,
            on_epoch,
        )


def score(network: nn.Module, activation_set: ActivationSet, device: torch.device) -> np.ndarray:
    """Score every activation of a set.

    Returns:
        (N,) float64 logits, higher for members, in the order of the set's rows.
    """
    scores = np.empty(len(activation_set))
    for positions, values in activation_set.sequential(SCORING_BATCH):
        scores[positions] = score_values(network, values, device)
    return scores


@torch.inference_mode()
def score_values(network: nn.Module, values: np.ndarray, device: torch.device) -> np.ndarray:
    """Score (B, *shape) activations: (B,) float64 logits."""
    network.eval()
    logits = network(_tensor(values, device))
    return np.asarray(logits.squeeze(1).double().cpu().numpy())


def _fit(
    network: nn.Module,
    train: ActivationSet,
    targets: np.ndarray,
    validation: ActivationSet,
    validation_targets: np.ndarray,
    settings: FitSettings,
    rng: np.random.Generator,
    device: torch.device,
    on_epoch: Callable[[Epoch], None],
) -> Fitted:
    balance = torch.tensor((~targets).sum() / targets.sum(), dtype=torch.float32, device=device)
    loss_of = nn.BCEWithLogitsLoss(pos_weight=balance)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    steps = settings.epochs * math.ceil(len(train) / settings.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    history: list[Epoch] = []
    best, best_state = -1.0, copy.deepcopy(network.state_dict())
    for number in range(1, settings.epochs + 1):
        network.train()
        losses = []
        for values, target in _steps(train, targets, settings.batch_size, rng, device):
            loss = loss_of(network(values).squeeze(1), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.detach())
        epoch = _validate(
            network, validation, validation_targets, loss_of, number, torch.stack(losses), device
        )
        history.append(epoch)
        on_epoch(epoch)
        if epoch.validation_auc > best:
            best, best_state = epoch.validation_auc, copy.deepcopy(network.state_dict())
        elif number - _best_epoch(history) >= settings.patience:
            break
    network.load_state_dict(best_state)
    return Fitted(network.eval(), history)


def _steps(
    train: ActivationSet,
    targets: np.ndarray,
    batch_size: int,
    rng: np.random.Generator,
    device: torch.device,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for positions, values in train.shuffled(batch_size, rng):
        if len(positions) > 1:  # batch norm cannot learn from a single image
            yield _tensor(values, device), _tensor(targets[positions], device)


def _validate(
    network: nn.Module,
    validation: ActivationSet,
    targets: np.ndarray,
    loss_of: nn.Module,
    number: int,
    train_losses: torch.Tensor,
    device: torch.device,
) -> Epoch:
    scores = score(network, validation, device)
    loss = loss_of(_tensor(scores, device), _tensor(targets, device))
    return Epoch(
        epoch=number,
        train_loss=float(train_losses.mean()),
        validation_loss=float(loss),
        validation_auc=auc(scores[targets], scores[~targets]),
    )


def _best_epoch(history: list[Epoch]) -> int:
    return max(history, key=lambda epoch: epoch.validation_auc).epoch


def _standardise(network: nn.Module, train: ActivationSet) -> None:
    for module in network.modules():
        if isinstance(module, Standardise):
            module.fit(values for _, values in train.sequential(SCORING_BATCH))


def _tensor(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device)
