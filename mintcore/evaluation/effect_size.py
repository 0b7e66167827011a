"""How far one set of scores lies above another, whatever the number of images."""

from dataclasses import dataclass

import numpy as np

from mintcore.evaluation.intervals import Interval, auc_interval, placements


@dataclass(frozen=True)
class EffectSize:
    """Cliff's delta with its interval: 0 is no difference, 1 is all above, -1 is all below."""

    value: float
    interval: Interval


def cliffs_delta(scores: np.ndarray, external: np.ndarray, *, level: float = 0.95) -> EffectSize:
    """How much more often a score lies above an external's than below it (Cliff 1993, equation 1).

    It is 2 AUC - 1, and so is its interval. Unlike a p-value it does not grow with the number of images.

    Args:
        scores: (N,) scores of the audited set, N >= 2.
        external: (M,) scores of held-out externals, M >= 2.
        level: Confidence level.
    """
    low, high = auc_interval(scores, external, level)
    auc = float(placements(scores, external)[0].mean())
    return EffectSize(2 * auc - 1, (2 * low - 1, 2 * high - 1))
