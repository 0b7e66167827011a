"""The advantage: auditor minus the best blind baseline, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mintcore.evaluation.intervals import Interval
from mintcore.evaluation.roc import auc

RESAMPLES = 1000
_BATCH = 50


@dataclass(frozen=True)
class Advantage:
    """AUC of the auditor minus AUC of the best blind baseline on the same images.

    Attributes:
        value: The difference; its interval is the paired bootstrap's percentile interval.
        best_blind: Index of the blind baseline with the highest AUC.
    """

    value: float
    interval: Interval
    best_blind: int


def advantage(
    auditor: np.ndarray,
    blinds: Sequence[np.ndarray],
    is_member: np.ndarray,
    *,
    seed: int,
    level: float = 0.95,
) -> Advantage:
    """Compare an auditor with blind baselines on the same images.

    In every bootstrap resample the best of the baselines is chosen anew, which makes the interval conservative: the
    highest of several noisy AUCs is never lower than the one that was best over all.

    Args:
        auditor: (N,) scores.
        blinds: At least one (N,) array of scores on the same images.
        is_member: (N,) bool.
        seed: Seed of the resampling.
        level: Confidence level.
    """
    scores = np.stack([auditor, *blinds])
    aucs = np.array([auc(row[is_member], row[~is_member]) for row in scores])
    resampled = bootstrap_aucs(scores, is_member, seed=seed)
    differences = resampled[:, 0] - resampled[:, 1:].max(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    best = int(aucs[1:].argmax())
    return Advantage(float(aucs[0] - aucs[1 + best]), (float(low), float(high)), best)


def bootstrap_aucs(
    scores: np.ndarray, is_member: np.ndarray, *, seed: int, resamples: int = RESAMPLES
) -> np.ndarray:
    """AUC of several score vectors under the same stratified bootstrap resamples.

    Args:
        scores: (K, N).
        is_member: (N,) bool.
        seed: Seed of the resampling.
        resamples: Number of resamples, B.

    Returns:
        (B, K) AUCs.
    """
    rng = np.random.default_rng(seed)
    positives, negatives = np.flatnonzero(is_member), np.flatnonzero(~is_member)
    order = [np.argsort(row, kind="stable") for row in scores]
    batches = []
    for start in range(0, resamples, _BATCH):  # (batch, N) weights at a time bound the memory
        count = min(_BATCH, resamples - start)
        weights = np.zeros((count, len(is_member)))
        for members in (positives, negatives):
            drawn = rng.multinomial(
                len(members), np.full(len(members), 1 / len(members)), size=count
            )
            weights[:, members] = drawn
        columns = [
            _weighted_auc(row[rank], is_member[rank], weights[:, rank])
            for row, rank in zip(scores, order, strict=True)
        ]
        batches.append(np.stack(columns, axis=1))
    return np.concatenate(batches)


def _weighted_auc(ascending: np.ndarray, is_member: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUC of N ascending scores under (B, N) weights, ties counting half."""
    first_of_tie = np.concatenate([[True], np.diff(ascending) > 0])
    starts = np.flatnonzero(first_of_tie)
    member_weight = np.add.reduceat(weights * is_member, starts, axis=1)
    external_weight = np.add.reduceat(weights * ~is_member, starts, axis=1)
    below = np.cumsum(external_weight, axis=1) - external_weight
    wins = (member_weight * (below + external_weight / 2)).sum(axis=1)
    return np.asarray(wins / (member_weight.sum(axis=1) * external_weight.sum(axis=1)))
