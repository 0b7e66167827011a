"""How far calibrated probabilities lie from frequencies: the expected calibration error, with the noise taken out."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from mintcore.evaluation.intervals import Interval

BINS = 10


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error over bins of equal mass.

    Attributes:
        value: The error, with what noise alone adds to it taken off; at least 0.
        interval: Its interval; within it lie the errors that do not make the observed one surprising.
        observed: The plain estimate, before noise is taken off.
        observed_if_calibrated: What the plain estimate is on average where the probabilities are right.
    """

    value: float
    interval: Interval
    observed: float
    observed_if_calibrated: float


def calibration_error(
    probability: np.ndarray, is_member: np.ndarray, level: float = 0.95
) -> CalibrationError:
    """Expected calibration error of probabilities that were calibrated as if half of all images were members.

    The sum over bins of equal mass of the absolute gap between probability and frequency, members and externals
    weighted to one half each. Noise makes every gap larger: a bin's observed gap is folded normal with the bin's own
    standard error, and the error is the one at which the sum of the folded normals' means is what was observed. The
    interval inverts the sum's normal distribution in the same way. The error is spread over the bins in proportion to
    their standard errors: measured, a spread that follows the observed gaps takes their noise for shape.

    Args:
        probability: (N,) calibrated probabilities.
        is_member: (N,) bool, with at least two members and two externals.
        level: Confidence level.
    """
    gaps, errors = _gaps(probability, is_member)
    observed = float(np.abs(gaps).sum())
    if errors.max() <= 1e-12:  # every probability is the same: one bin, whose gap is certain
        return CalibrationError(observed, (observed, observed), observed, 0.0)
    shape = errors / errors.sum()
    z = float(stats.norm.ppf(0.5 + level / 2))
    value, low, high = (_invert(observed, shape, errors, k) for k in (0.0, z, -z))
    return CalibrationError(value, (low, high), observed, _folded_sum(0.0, shape, errors)[0])


def _gaps(probability: np.ndarray, is_member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gap of each bin and its standard error, (B,); equal probabilities share a bin.

    A bin without a surprise in it has no spread, and its next image may be one: no standard error is taken below the
    half variance that the probabilities themselves give.
    """
    sizes = np.where(is_member, is_member.sum(), (~is_member).sum())
    cuts = np.arange(1, BINS) / BINS
    edges = np.quantile(probability, cuts, weights=0.5 / sizes, method="inverted_cdf")
    place = np.searchsorted(np.unique(edges), probability, side="right")
    count = len(np.unique(edges)) + 1
    gaps, variance = np.zeros(count), np.zeros(count)
    for group, residual in ((is_member, 1 - probability), (~is_member, -probability)):
        share = residual[group]
        mean = np.bincount(place[group], share, count) / len(share)
        square = np.bincount(place[group], share**2, count) / len(share)
        gaps += mean / 2
        variance += np.maximum(square - mean**2, 0) / len(share) / 4
    doubt = probability * (1 - probability)
    expected = np.bincount(place, doubt / sizes, count)  # mean gap of either group, if calibrated
    by_model = np.bincount(place, doubt / sizes**2, count) / 4
    by_model -= expected**2 / 4 * (1 / is_member.sum() + 1 / (~is_member).sum())
    return gaps, np.sqrt(np.maximum(variance, by_model / 2))


def _invert(observed: float, shape: np.ndarray, errors: np.ndarray, k: float) -> float:
    """Find the error whose observed value is ``k`` standard deviations below ``observed``; 0 where none is."""

    def beyond(error: float) -> float:
        mean, spread = _folded_sum(error, shape, errors)
        return mean + k * spread - observed

    if beyond(0.0) >= 0:
        return 0.0
    limit = observed + 10 * float(errors.sum())
    return float(min(1.0, optimize.brentq(beyond, 0.0, limit, xtol=1e-9)))


def _folded_sum(error: float, shape: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the sum of folded normals whose means are ``error * shape``."""
    true = error * shape
    safe = np.maximum(errors, 1e-12)
    ratio = true / safe
    folded = safe * math.sqrt(2 / math.pi) * np.exp(-(ratio**2) / 2)
    folded = folded + true * (1 - 2 * special.ndtr(-ratio))
    spread = np.sqrt(np.maximum(true**2 + safe**2 - folded**2, 0).sum())
    return float(folded.sum()), float(spread)
