"""Confidence intervals for rates and for the area under the ROC curve."""

import math

import numpy as np
from scipy import stats

Interval = tuple[float, float]


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Exact interval of a binomial rate (Clopper and Pearson 1934).

    Args:
        successes: Number of successes.
        trials: Number of trials, at least 1.
        level: Confidence level.
    """
    interval = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def auc_interval(positive: np.ndarray, negative: np.ndarray, level: float = 0.95) -> Interval:
    """Interval of the AUC by DeLong's variance on the logit scale.

    The logit keeps the interval inside (0, 1) (Qin and Hotilovac 2008). At an AUC of exactly 0 or 1 the variance is
    zero and says nothing; there the exact binomial interval of min(P, N) pairs is given, which is wider.

    Args:
        positive: (P,) scores of the positives, P >= 2.
        negative: (N,) scores of the negatives, N >= 2.
        level: Confidence level.
    """
    by_positive, by_negative = placements(positive, negative)
    auc = float(by_positive.mean())
    if auc in (0.0, 1.0):
        pairs = min(len(positive), len(negative))
        return clopper_pearson(round(auc * pairs), pairs, level)
    variance = by_positive.var(ddof=1) / len(positive) + by_negative.var(ddof=1) / len(negative)
    spread = stats.norm.ppf(0.5 + level / 2) * math.sqrt(variance) / (auc * (1 - auc))
    centre = math.log(auc / (1 - auc))
    return float(_sigmoid(centre - spread)), float(_sigmoid(centre + spread))


def placements(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Structural components of the AUC (DeLong, DeLong and Clarke-Pearson 1988, equations 4 and 5).

    Args:
        positive: (P,) scores.
        negative: (N,) scores.

    Returns:
        (P,) share of the negatives below each positive and (N,) share of the positives above each negative, ties
        counting half. The mean of either is the AUC.
    """
    pooled = stats.rankdata(np.concatenate([positive, negative]))
    n_positive, n_negative = len(positive), len(negative)
    by_positive = (pooled[:n_positive] - stats.rankdata(positive)) / n_negative
    by_negative = 1 - (pooled[n_positive:] - stats.rankdata(negative)) / n_positive
    return by_positive, by_negative


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
