"""The equal error rate: where as many members are missed as externals are accused."""

import math
from dataclasses import dataclass

import numpy as np

from mintcore.evaluation.intervals import Interval, exact_rate_interval, square_and_add

_NEIGHBOURS = 20
_NEIGHBOURS_POWER = 0.8


@dataclass(frozen=True)
class EqualError:
    """Equal error rate, in [0, 1], with its interval."""

    value: float
    interval: Interval


def equal_error_rate(positive: np.ndarray, negative: np.ndarray, level: float = 0.95) -> EqualError:
    """Rate at which the ROC curve, straight between its points, meets false negatives = false positives.

    To first order the estimate is a weighted mean of the two error rates at the threshold, each weighted by the other
    group's density there. Its interval adds the squares of Clopper and Pearson's intervals of the two, weighted so
    (Zou and Donner 2008); the densities are those among the images nearest to the threshold.

    Args:
        positive: (P,) scores.
        negative: (N,) scores.
        level: Confidence level.
    """
    rate, threshold = _crossing(positive, negative)
    weight = _negative_share_nearby(positive, negative, threshold)
    low, high = square_and_add(
        [
            (max(weight, 1e-9), rate, exact_rate_interval(rate, len(positive), level)),
            (max(1 - weight, 1e-9), rate, exact_rate_interval(rate, len(negative), level)),
        ]
    )
    return EqualError(rate, (max(0.0, min(rate, low)), min(1.0, max(rate, high))))


def _crossing(positive: np.ndarray, negative: np.ndarray) -> tuple[float, float]:
    """Give the equal error rate and the threshold that it is reached at."""
    thresholds = np.unique(np.concatenate([positive, negative]))
    missed = np.searchsorted(np.sort(positive), thresholds, side="left") / len(positive)
    accused = 1 - np.searchsorted(np.sort(negative), thresholds, side="left") / len(negative)
    missed, accused = np.append(missed, 1.0), np.append(accused, 0.0)
    after = int(
        np.argmax(missed >= accused)
    )  # at the lowest threshold none is missed and all are accused
    before = after - 1
    gap_before = accused[before] - missed[before]
    part = gap_before / (gap_before + missed[after] - accused[after])
    rate = accused[before] + part * (accused[after] - accused[before])
    return float(rate), float(thresholds[min(after, len(thresholds) - 1)])


def _negative_share_nearby(positive: np.ndarray, negative: np.ndarray, threshold: float) -> float:
    """Density of the negatives at the threshold as a share of both densities: the weight of the missed positives."""
    far = np.abs(np.concatenate([positive, negative]) - threshold)
    count = math.ceil(max(_NEIGHBOURS, len(far) ** _NEIGHBOURS_POWER))
    reach = np.partition(far, min(len(far), count) - 1)[min(len(far), count) - 1]
    near_positive = float((np.abs(positive - threshold) <= reach).mean())
    near_negative = float((np.abs(negative - threshold) <= reach).mean())
    return near_negative / (near_positive + near_negative)
