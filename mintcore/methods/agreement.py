"""Which members methods find at the same false-positive rate, and how far they agree.

At a low rate most of what a weak method finds is luck: externals are found as often. So externals are counted beside
the members, and Cohen's kappa beside the overlap.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mintcore.evaluation.ranks import average_ranks, conformal_p_values


@dataclass(frozen=True)
class Finds:
    """What M methods find, each at its own threshold, on the same images.

    Attributes:
        names: Of the methods.
        fpr: The false-positive rate that each threshold was set for, on these externals.
        members: (M, P) bool, members above the threshold.
        externals: (M, E) bool, externals above it.
    """

    names: tuple[str, ...]
    fpr: float
    members: np.ndarray
    externals: np.ndarray

    def alone(self, name: str) -> np.ndarray:
        """Tell of (P,) members which a method finds and no other does."""
        return np.asarray(found_by_one(self.members)[self.names.index(name)])


def find_at(scores: Mapping[str, np.ndarray], is_member: np.ndarray, fpr: float) -> Finds | None:
    """Set each method's threshold as strictly as needed to let at most ``fpr`` of the externals through.

    Args:
        scores: Name -> (N,) scores, higher for likelier members, all finite.
        is_member: (N,) bool.
        fpr: The false-positive rate to allow.

    Returns:
        What is found; None where it cannot be measured: fewer than 1 / fpr externals.
    """
    allowed = int(fpr * int((~is_member).sum()) + 1e-9)
    if allowed < 1:
        return None
    found = np.stack(
        [values > _strictest(values[~is_member], allowed) for values in scores.values()]
    )
    return Finds(tuple(scores), fpr, found[:, is_member], found[:, ~is_member])


def clearest_alone(
    finds: Finds, name: str, scores: np.ndarray, is_member: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """List the members that one method alone finds, the highest scores first.

    Args:
        finds: From ``find_at`` on the same images.
        name: The method.
        scores: (N,) its scores.
        is_member: (N,) bool.

    Returns:
        (K,) their positions among the N images, and (K,) their p-values.
    """
    places = np.flatnonzero(is_member)[finds.alone(name)]
    places = places[np.argsort(-scores[places], kind="stable")]
    return places, conformal_p_values(scores[places], scores[~is_member])


def found_by_one(found: np.ndarray) -> np.ndarray:
    """Keep what one method alone finds, (M, K) bool, of what M methods find, (M, K) bool."""
    return np.asarray(found & (found.sum(axis=0) == 1))


def jaccard(found: np.ndarray) -> np.ndarray:
    """Overlap of what each two methods find: of all that either finds, the share that both do (Jaccard 1912).

    Args:
        found: (M, P) bool.

    Returns:
        (M, M) in [0, 1]; two methods that find nothing agree.
    """
    both, either = pairs_found(found)
    return np.asarray(np.where(either > 0, both / np.maximum(either, 1), 1.0))


def pairs_found(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count for each two methods what both find and what either does, (M, M) int64 each."""
    both = found.astype(np.float64) @ found.T.astype(np.float64)
    counts = found.sum(axis=1)
    return both.astype(np.int64), (counts[:, None] + counts - both).astype(np.int64)


def kappa(found: np.ndarray) -> np.ndarray:
    """Agreement of each two methods beyond chance (Cohen 1960): 1 is the same finds, 0 what independent ones share.

    Args:
        found: (M, P) bool, P >= 1.

    Returns:
        (M, M) in [-1, 1]; two methods that both find nothing, or everything, agree.
    """
    rates = found.mean(axis=1)
    both, either = pairs_found(found)
    images = found.shape[1]
    observed = 1 - (either - both) / images
    expected = rates[:, None] * rates + (1 - rates[:, None]) * (1 - rates)
    certain = expected >= 1
    return np.asarray(
        np.where(certain, 1.0, (observed - expected) / np.where(certain, 1.0, 1 - expected))
    )


def rank_correlation(scores: np.ndarray) -> np.ndarray:
    """Correlation of how each two methods rank the images (Spearman 1904), ties sharing their mean rank.

    Args:
        scores: (M, P), P >= 2.

    Returns:
        (M, M) in [-1, 1]; 0 beside a method that gives all images one score, but for itself.
    """
    ranks = np.stack([average_ranks(row) for row in scores])
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=1))
    scaled = centred / np.where(norms > 0, norms, 1.0)[:, None]
    correlation = np.asarray(np.clip(scaled @ scaled.T, -1.0, 1.0))
    np.fill_diagonal(correlation, 1.0)
    return correlation


def _strictest(externals: np.ndarray, allowed: int) -> float:
    if allowed >= len(externals):
        return -np.inf
    place = len(externals) - 1 - allowed
    return float(np.partition(externals, place)[place])
