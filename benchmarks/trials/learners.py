"""What learns from an image's numbers whether it is a member: bagged perceptrons and boosted trees."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

Learner = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(N, F) features, (N,) is member, (M, F) features of others -> (M,) scores."""
FOLDS = 5
WIDTHS = (64, 32)
BAGGED, EPOCHS, IMAGES_A_STEP = 6, 15, 256
DROPOUT, WEIGHT_DECAY, LEARNING_RATE = 0.2, 1.0, 2e-3
FARTHEST = 6.0


def cross_validated(learner: Learner, features: np.ndarray, is_member: np.ndarray) -> np.ndarray:
    """Score each image by what was learned from the other four fifths, (N,)."""
    scores = np.empty(len(is_member))
    fold = np.random.default_rng(5).permutation(len(is_member)) % FOLDS
    for held_out in range(FOLDS):
        rest = fold != held_out
        found = learner(features[rest], is_member[rest], features[~rest])
        scores[~rest] = found
    return scores


def linear(known: np.ndarray, is_member: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Logistic regression."""
    known, others = _standardised(known, others)
    return np.asarray(LogisticRegression(C=0.01).fit(known, is_member).decision_function(others))


def trees(known: np.ndarray, is_member: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Boosted trees."""
    boosted = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.05,
        max_leaf_nodes=6,
        min_samples_leaf=40,
        l2_regularization=1.0,
        max_features=0.3,
        random_state=0,
    )
    return np.asarray(boosted.fit(known, is_member).decision_function(others))


def perceptrons(known: np.ndarray, is_member: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mean logit of some perceptrons with SiLU that differ in their weights and in the order of images."""
    torch.manual_seed(0)
    known, others = _standardised(known, others)
    values, targets = torch.from_numpy(known), torch.from_numpy(is_member.astype(np.float32))
    weights = _weights(values.shape[1])
    optimiser = torch.optim.AdamW(weights, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(values) // IMAGES_A_STEP)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.15
    )
    for _ in range(EPOCHS):
        order = torch.stack([torch.randperm(len(values)) for _ in range(BAGGED)])
        for chosen in order.split(IMAGES_A_STEP, dim=1):
            logits = _logits(weights, values[chosen], DROPOUT)
            loss = functional.binary_cross_entropy_with_logits(logits, targets[chosen]) * BAGGED
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    with torch.no_grad():
        logits = _logits(weights, torch.from_numpy(others).expand(BAGGED, -1, -1), 0.0)
    return np.asarray(logits.mean(0).double().numpy())


def together(known: np.ndarray, is_member: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Perceptrons and trees, each standardised."""
    found = [learner(known, is_member, others) for learner in (perceptrons, trees)]
    return np.asarray(sum((scores - scores.mean()) / scores.std() for scores in found))


def _standardised(known: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, std = known.mean(0), known.std(0) + 1e-9
    first, second = (
        np.clip((values - mean) / std, -FARTHEST, FARTHEST).astype(np.float32)
        for values in (known, others)
    )
    return first, second


def _weights(features: int) -> list[torch.Tensor]:
    """Make (BAGGED, in, out) weights and (BAGGED, 1, out) biases."""
    sizes = (features, *WIDTHS, 1)
    weights: list[torch.Tensor] = []
    for inputs, outputs in pairwise(sizes):
        spread = (torch.rand(BAGGED, inputs, outputs) * 2 - 1) / inputs**0.5
        weights += [spread.requires_grad_(), torch.zeros(BAGGED, 1, outputs, requires_grad=True)]
    return weights


def _logits(weights: list[torch.Tensor], values: torch.Tensor, dropout: float) -> torch.Tensor:
    """Turn (BAGGED, B, F) into (BAGGED, B) logits."""
    for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        values = functional.silu(torch.baddbmm(bias, values, weight))
        values = functional.dropout(values, dropout, training=dropout > 0)
    return torch.baddbmm(weights[-1], values, weights[-2])[..., 0]
