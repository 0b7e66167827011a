"""The training of a Vanilla auditor as others would write it: a loop of PyTorch, scikit-learn's MLPClassifier."""

import copy
import math
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits
from torch import nn

from mintcore.auditors.settings import FitSettings
from mintcore.auditors.vanilla import DROPOUT, WIDTHS


def quickest_threads(action: Callable[[], object]) -> int:
    """Say whether an action is quicker in one thread or in as many as it takes by itself.

    It is run once before, so that neither pays for what is loaded at first.
    """
    with threadpool_limits(1):
        action()
    seconds = {}
    for threads in (1, torch.get_num_threads()):
        begun = time.perf_counter()
        with threadpool_limits(threads):
            action()
        seconds[threads] = time.perf_counter() - begun
    return min(seconds, key=lambda threads: seconds[threads])


def pytorch_loop(
    train: tuple[torch.Tensor, torch.Tensor],
    validation: tuple[torch.Tensor, torch.Tensor],
    settings: FitSettings,
    seed: int,
) -> float:
    """Train the network of a Vanilla auditor, keep the weights of its best epoch, and give its validation AUC.

    Args:
        train: (N, C) float32 values and (N,) float32 targets, on the device.
        validation: As ``train``.
        settings: As for our own training; there is no early stopping.
        seed: Seed of weights, order and dropout.
    """
    (values, targets), (unseen, unseen_targets) = train, validation
    torch.manual_seed(seed)
    network = _network(values.shape[1]).to(values.device)
    loss_of = nn.BCEWithLogitsLoss(pos_weight=(1 - targets).sum() / targets.sum())
    optimiser = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    steps = settings.epochs * math.ceil(len(values) / settings.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    is_member, best, kept = unseen_targets.cpu().numpy(), 0.0, network.state_dict()
    for _ in range(settings.epochs):
        network.train()
        for batch in torch.randperm(len(values), device=values.device).split(settings.batch_size):
            loss = loss_of(network(values[batch]).squeeze(1), targets[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        network.eval()
        with torch.inference_mode():
            area = float(roc_auc_score(is_member, network(unseen).squeeze(1).cpu().numpy()))
        if area > best:
            best, kept = area, copy.deepcopy(network.state_dict())
    network.load_state_dict(kept)
    return best


def scikit_learn(
    values: np.ndarray,
    is_member: np.ndarray,
    validation_share: float,
    settings: FitSettings,
    seed: int,
) -> MLPClassifier:
    """Train scikit-learn's network of the same widths with Adam, for as many epochs, and keep its best epoch.

    Args:
        values: (N, C) float32, of training and validation.
        is_member: (N,) bool.
        validation_share: Share of them that the epoch is chosen on, by accuracy; it draws them itself.
        settings: Of which epochs and batch size are taken.
        seed: Seed of weights and order.
    """
    network = MLPClassifier(
        WIDTHS,
        batch_size=settings.batch_size,
        max_iter=settings.epochs,
        early_stopping=True,
        validation_fraction=validation_share,
        n_iter_no_change=settings.epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is to stop after those epochs
        return network.fit(values, is_member)


def _network(features: int) -> nn.Module:
    first, second = WIDTHS
    return nn.Sequential(
        nn.Linear(features, first),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(first, second),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(second, 1),
    )
