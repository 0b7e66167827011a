"""Train one network at a time on activations that are streamed, or are maps."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from mintcore.auditors.exercises import (
    Activations,
    Epoch,
    Exercise,
    best_epoch,
    member_weight,
)
from mintcore.auditors.optimisation import AdamW
from mintcore.auditors.settings import FitSettings
from mintcore.evaluation.roc import auc

SCORING_BATCH = 1024


def train_alone(
    network: nn.Module,
    exercise: Exercise,
    settings: FitSettings,
    seed: int,
    device: torch.device,
) -> Iterator[Epoch]:
    """Train a network in place; it has its best weights once all epochs are taken.

    Args:
        network: Any network with (B, 1) logits, standardised.
        exercise: What it learns from.
        settings: How to fit.
        seed: Seed of the order of images, and of dropout.
        device: Where.

    Yields:
        Each epoch.
    """
    network.to(device)
    forked = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with forked, _threads_for(exercise.shape):
        torch.manual_seed(seed)
        history: list[Epoch] = []
        best = copy.deepcopy(network.state_dict())
        for epoch in _epochs(network, exercise, settings, seed):
            history.append(epoch)
            yield epoch
            if best_epoch(history) == epoch.epoch:
                best = copy.deepcopy(network.state_dict())
            elif epoch.epoch - best_epoch(history) >= settings.patience:
                break
    network.load_state_dict(best)
    network.eval()


def score(network: nn.Module, activations: Activations) -> np.ndarray:
    """Score every activation of a set.

    Args:
        network: Gives (B, S) logits.
        activations: N activations.

    Returns:
        (N, S) float64 logits, higher for members, in the order of the set's rows.
    """
    pieces = [
        (positions, score_values(network, values))
        for positions, values in activations.sequential(SCORING_BATCH)
    ]
    scores = np.concatenate([values for _, values in pieces])
    scores[np.concatenate([positions for positions, _ in pieces])] = scores.copy()
    return scores


@torch.inference_mode()
def score_values(network: nn.Module, values: np.ndarray) -> np.ndarray:
    """Score (B, *shape) activations: (B, S) float64 logits, a column a network."""
    if (
        network.training
    ):  # to tell each part of a joint network again takes as long as some of its layers
        network.eval()
    logits = network(_tensor(values, _device(network)))
    return np.asarray(logits.double().cpu().numpy())


def _epochs(
    network: nn.Module, exercise: Exercise, settings: FitSettings, seed: int
) -> Iterator[Epoch]:
    """Train in place, one epoch whenever the next is asked for."""
    device, train, rng = _device(network), exercise.train, np.random.default_rng(seed)
    balance = torch.tensor(member_weight(train.is_member), dtype=torch.float32)
    loss_of = nn.BCEWithLogitsLoss(pos_weight=balance).to(device)
    steps = settings.epochs * math.ceil(len(train.is_member) / settings.batch_size)
    parameters = list(network.parameters())
    optimiser = AdamW([values.detach() for values in parameters], settings, steps)
    for number in range(1, settings.epochs + 1):
        network.train()
        losses = []
        for positions, values in train.activations.shuffled(settings.batch_size, rng):
            if len(positions) == 1:  # batch norm cannot learn from a single image
                continue
            target = _tensor(train.is_member[positions], device)
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                logits = network(_tensor(values, device))
            loss = loss_of(logits.float().squeeze(1), target)
            optimiser.step(torch.autograd.grad(loss, parameters))
            losses.append(loss.detach())
        train_loss = float(torch.stack(losses).mean())
        yield Epoch(number, train_loss, *_validated(network, exercise, loss_of), seed=seed)


def _validated(network: nn.Module, exercise: Exercise, loss_of: nn.Module) -> tuple[float, float]:
    """Give the loss and the AUC on the validation part."""
    is_member = exercise.validation.is_member
    scores = score(network, exercise.validation.activations)[:, 0]
    loss = loss_of(torch.from_numpy(scores).float(), torch.from_numpy(is_member).float())
    return float(loss), auc(scores[is_member], scores[~is_member])


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
