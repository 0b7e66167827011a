"""What an auditor reaches on held-out images, as one record with an interval beside each figure."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from mintcore.evaluation.equal_error import equal_error_rate
from mintcore.evaluation.intervals import (
    Interval,
    auc_interval,
    clopper_pearson,
    mean_of_rates_interval,
)
from mintcore.evaluation.roc import RateAtFpr, auc, curve, rate_at_fpr

ASKED_FPRS = (0.01, 0.001)


@dataclass(frozen=True)
class Metrics:
    """Figures of one score vector on held-out members and externals.

    Attributes:
        n_members: Members they were measured on.
        n_externals: Externals they were measured on.
        auc: Area under the ROC curve, with its DeLong interval.
        accuracy: Share of images on the right side of the threshold chosen on validation, with its exact interval.
        balanced_accuracy: Mean of the two classes' accuracies, with its interval.
        eer: Equal error rate, with its interval.
        low_fpr: True-positive rates at 1% and 0.1% false positives; None where n is too small to measure it.
        roc: (false-positive rate, true-positive rate) pairs.
    """

    n_members: int
    n_externals: int
    auc: float
    auc_ci: Interval
    accuracy: float
    accuracy_ci: Interval
    balanced_accuracy: float
    balanced_accuracy_ci: Interval
    eer: float
    eer_ci: Interval
    low_fpr: tuple[RateAtFpr | None, ...]
    roc: list[tuple[float, float]]


def measure(scores: np.ndarray, is_member: np.ndarray, threshold: float) -> Metrics:
    """Measure scores on held-out images.

    Args:
        scores: (N,) higher means more likely a member.
        is_member: (N,) bool.
        threshold: Chosen on other images; a score at or above it is called a member.
    """
    members, externals = scores[is_member], scores[~is_member]
    right_members = int((members >= threshold).sum())
    right_externals = int((externals < threshold).sum())
    right = right_members + right_externals
    equal_error = equal_error_rate(members, externals)
    return Metrics(
        n_members=len(members),
        n_externals=len(externals),
        auc=auc(members, externals),
        auc_ci=auc_interval(members, externals),
        accuracy=right / len(scores),
        accuracy_ci=clopper_pearson(right, len(scores)),
        balanced_accuracy=(right_members / len(members) + right_externals / len(externals)) / 2,
        balanced_accuracy_ci=mean_of_rates_interval(
            [(right_members, len(members)), (right_externals, len(externals))]
        ),
        eer=equal_error.value,
        eer_ci=equal_error.interval,
        low_fpr=tuple(rate_at_fpr(members, externals, fpr) for fpr in ASKED_FPRS),
        roc=curve(members, externals),
    )


def set_p_value(scores: np.ndarray, external: np.ndarray) -> float:
    """One-sided Mann-Whitney test of "the audited set scores no higher than held-out externals".

    Args:
        scores: (N,) scores of the audited set.
        external: (M,) scores of held-out externals.
    """
    return float(stats.mannwhitneyu(scores, external, alternative="greater").pvalue)
