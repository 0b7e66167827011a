"""The advantage: auditor minus the best blind baseline, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from mintcore.evaluation.intervals import Interval, placements

_EXTRA_PLACEMENT = 0.3


@dataclass(frozen=True)
class Advantage:
    """AUC of the auditor minus AUC of the best blind baseline on the same images.

    Attributes:
        value: The difference.
        interval: Its interval.
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
    level: float = 0.95,
) -> Advantage:
    """Compare an auditor with blind baselines on the same images.

    The difference to each baseline has an interval by DeLong's paired variance; the advantage, the smallest of the
    differences, lies between the lowest of their lower ends and the lowest of their upper ends. So the lower end holds
    whichever baseline is truly the best (Berger and Hsu 1996, intersection-union). One image more in each group, whose
    placement differs by ``_EXTRA_PLACEMENT``, is counted into the variance: without it two scores that separate almost
    all images would differ with certainty.

    Args:
        auditor: (N,) scores.
        blinds: At least one (N,) array of scores on the same images.
        is_member: (N,) bool, with at least two members and two externals.
        level: Confidence level.
    """
    own = placements(auditor[is_member], auditor[~is_member])
    found = [
        _difference(own, placements(blind[is_member], blind[~is_member]), level) for blind in blinds
    ]
    best = int(np.argmin([value for value, _ in found]))
    low, high = (min(interval[end] for _, interval in found) for end in (0, 1))
    return Advantage(found[best][0], (low, high), best)


def _difference(
    one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray], level: float
) -> tuple[float, Interval]:
    """Difference of two AUCs from their placements (DeLong, DeLong and Clarke-Pearson 1988)."""
    pairs = [own - other for own, other in zip(one, two, strict=True)]
    value = float(pairs[0].mean())
    variance = sum(
        (each.var(ddof=1) + _EXTRA_PLACEMENT**2 / len(each)) / len(each) for each in pairs
    )
    reach = float(special.ndtri(0.5 + level / 2) * np.sqrt(variance))
    return value, (max(-1.0, value - reach), min(1.0, value + reach))
