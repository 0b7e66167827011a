"""The ROC curve, its area, and the true-positive rate where false positives are rare."""

from dataclasses import dataclass

import numpy as np

from mintcore.evaluation.intervals import (
    Interval,
    binomial_quantile,
    clopper_pearson,
    placements,
    square_and_add,
)


@dataclass(frozen=True)
class RateAtFpr:
    """True-positive rate at a false-positive rate that was asked for.

    Attributes:
        asked_fpr: The false-positive rate that the threshold was set for.
        tpr: Share of members above the threshold; its interval is that of the rate at a true false-positive rate of
            ``asked_fpr``.
        realised_fpr: Share of externals above the threshold, with its interval.
    """

    asked_fpr: float
    tpr: float
    tpr_ci: Interval
    realised_fpr: float
    realised_fpr_ci: Interval


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a positive scores above a negative, ties counting half.

    Args:
        positive: (P,) scores.
        negative: (N,) scores.
    """
    return float(placements(positive, negative)[0].mean())


def rate_at_fpr(positive: np.ndarray, negative: np.ndarray, fpr: float) -> RateAtFpr | None:
    """True-positive rate at the strictest threshold that lets at most ``fpr`` of the negatives through.

    The threshold rests on the few highest negatives, and is itself uncertain. The interval adds that to the binomial
    one (Zou and Donner 2008): from the order statistics that bracket the negatives' true quantile. Simulated, the
    binomial interval alone covers the true rate in 35% to 95% of experiments instead of 95%.

    Args:
        positive: (P,) scores.
        negative: (N,) scores.
        fpr: The false-positive rate to allow.

    Returns:
        The rates, or None where it cannot be measured: fewer than 1 / fpr negatives.
    """
    allowed = int(fpr * len(negative) + 1e-9)
    if allowed < 1:
        return None
    highest = np.sort(negative)[::-1]
    threshold = highest[allowed] if allowed < len(negative) else -np.inf
    true, false = int((positive > threshold).sum()), int((negative > threshold).sum())
    low, high = square_and_add(
        [
            (1.0, true / len(positive), clopper_pearson(true, len(positive))),
            (1.0, 0.0, _threshold_effect(positive, highest, fpr, threshold)),
        ]
    )
    return RateAtFpr(
        asked_fpr=fpr,
        tpr=true / len(positive),
        tpr_ci=(max(0.0, low), min(1.0, high)),
        realised_fpr=false / len(negative),
        realised_fpr_ci=clopper_pearson(false, len(negative)),
    )


def _threshold_effect(
    positive: np.ndarray, highest: np.ndarray, fpr: float, threshold: float
) -> Interval:
    """How much lower and higher the true-positive rate is at the ends of the interval of the threshold.

    The number of n negatives above the true threshold is binomial, (n, fpr); its quantiles name the order statistics.
    """
    few, many = (binomial_quantile(q, len(highest), fpr) for q in (0.025, 0.975))
    rate = float((positive > threshold).mean())
    lowest = float((positive >= highest[few - 1]).mean()) if few else 0.0
    topmost = float((positive >= highest[many]).mean()) if many < len(highest) else 1.0
    return min(0.0, lowest - rate), max(0.0, topmost - rate)


def threshold_at(negative: np.ndarray, fpr: float) -> float | None:
    """Threshold that lets at most ``fpr`` of further negatives through, on average over samples of them.

    It is the k-th highest of n negatives with k = fpr (n + 1), so that of the negatives to come a share of k / (n + 1)
    scores at or above it (the rank of an exchangeable score; Vovk, Gammerman and Shafer 2005, section 2.2).

    Args:
        negative: (N,) scores; choose on validation images, never on those reported.
        fpr: The false-positive rate to allow.

    Returns:
        The threshold, at or above which a score counts as positive; None where there are fewer than 1 / fpr - 1
        negatives.
    """
    rank = int(fpr * (len(negative) + 1) + 1e-9)
    return float(np.sort(negative)[-rank]) if rank >= 1 else None


def measured_at(
    scores: np.ndarray, is_positive: np.ndarray, threshold: float | None
) -> dict[str, float | Interval | None]:
    """Rates at a threshold that was chosen on other images, with their exact intervals.

    Args:
        scores: (N,).
        is_positive: (N,) bool.
        threshold: A score at or above it counts as positive; None measures nothing.

    Returns:
        ``tpr``, ``tpr_ci``, ``fpr`` and ``fpr_ci``.
    """
    if threshold is None:
        return dict.fromkeys(("tpr", "tpr_ci", "fpr", "fpr_ci"))
    called = scores >= threshold
    found: dict[str, float | Interval | None] = {}
    for name, group in (("tpr", called[is_positive]), ("fpr", called[~is_positive])):
        found[name] = float(group.mean())
        found[f"{name}_ci"] = clopper_pearson(int(group.sum()), len(group))
    return found


def curve(
    positive: np.ndarray, negative: np.ndarray, points: int = 200
) -> list[tuple[float, float]]:
    """ROC curve as (false-positive rate, true-positive rate) pairs, thinned to about ``points``.

    Rates below 1% are kept whole, since that is where a membership test is decided.
    """
    false, true, _ = corners(positive, negative)
    step = max(1, len(false) // points)
    kept = (np.arange(len(false)) % step == 0) | (false <= 0.01)
    kept[-1] = True
    return [(float(x), float(y)) for x, y in zip(false[kept], true[kept], strict=True)]


def corners(
    positive: np.ndarray, negative: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners of the ROC curve, from the strictest threshold on; points on a straight line between two are left out.

    Args:
        positive: (P,) scores, P >= 1.
        negative: (N,) scores, N >= 1.

    Returns:
        False-positive rates, true-positive rates and thresholds, (K,) each. At or above its threshold a score counts as
        positive; the first threshold is infinite.
    """
    scores, of = np.unique(np.concatenate([positive, negative]), return_inverse=True)
    true, false = (
        np.cumsum(np.bincount(part, minlength=len(scores))[::-1])
        for part in np.split(of, [len(positive)])
    )
    kept = (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0)
    kept = np.concatenate([[True], kept, [True]]) if len(scores) > 1 else np.array([True])
    return (
        np.concatenate([[0.0], false[kept] / len(negative)]),
        np.concatenate([[0.0], true[kept] / len(positive)]),
        np.concatenate([[np.inf], scores[::-1][kept]]),
    )


def balanced_threshold(positive: np.ndarray, negative: np.ndarray) -> float:
    """Threshold with the best balanced accuracy; choose it on validation images, never on those reported.

    A score at or above the threshold counts as positive. Where a group is missing nothing can be chosen, and the
    threshold is the median of what is there, or 0.
    """
    if not len(positive) or not len(negative):
        known = np.concatenate([positive, negative])
        return float(np.median(known)) if len(known) else 0.0
    false, true, thresholds = corners(positive, negative)
    best = float(thresholds[np.argmax(true - false)])
    return best if np.isfinite(best) else float(max(positive.max(), negative.max())) + 1.0
