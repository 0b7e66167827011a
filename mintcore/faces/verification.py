"""Face verification: are two images of one person? The protocol of LFW (Huang et al. 2007, view 2)."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mintcore.errors import MintError
from mintcore.evaluation.intervals import Interval, auc_interval, clopper_pearson
from mintcore.evaluation.roc import RateAtFpr, auc, rate_at_fpr

ASKED_FARS = (0.01, 0.001)


@dataclass(frozen=True)
class Verification:
    """What a face model reaches on pairs.

    Attributes:
        pairs: How many.
        folds: In how many parts.
        accuracy: Mean over the folds of the share of pairs on the right side of a threshold that was
            chosen on the other folds.
        standard_error: Of that mean, over the folds.
        accuracy_ci: Exact 95% interval of the share over all pairs.
        auc: Probability that a pair of one person is more similar than one of two.
        auc_ci: Its 95% interval.
        threshold: Mean of the folds' thresholds, a cosine.
        tar: True-accept rates at the false-accept rates asked for; None where there are too few
            pairs of two people to measure one.
    """

    pairs: int
    folds: int
    accuracy: float
    standard_error: float
    accuracy_ci: Interval
    auc: float
    auc_ci: Interval
    threshold: float
    tar: tuple[RateAtFpr | None, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the figures as JSON values."""
        rates = [rate for rate in self.tar if rate is not None]
        return asdict(self) | {"tar": [asdict(rate) for rate in rates]}


def verify(similarities: np.ndarray, is_same: np.ndarray, folds: np.ndarray) -> Verification:
    """Measure how well similarities tell pairs of one person from pairs of two.

    Args:
        similarities: (N,) higher means more alike.
        is_same: (N,) bool.
        folds: (N,) number of the fold of each pair.

    Raises:
        MintError: There are fewer than two folds, or a similarity is not finite.
    """
    require_folds(folds)
    numbers = np.unique(folds)
    if not np.isfinite(similarities).all():
        raise MintError("Some embeddings are not finite: check the weights and the preprocessing.")
    thresholds = [best_threshold(similarities[folds != n], is_same[folds != n]) for n in numbers]
    right = np.zeros(len(similarities), bool)
    for number, threshold in zip(numbers, thresholds, strict=True):
        inside = folds == number
        right[inside] = (similarities[inside] >= threshold) == is_same[inside]
    by_fold = np.array([right[folds == number].mean() for number in numbers])
    same, different = similarities[is_same], similarities[~is_same]
    return Verification(
        pairs=len(similarities),
        folds=len(numbers),
        accuracy=float(by_fold.mean()),
        standard_error=float(by_fold.std(ddof=1) / np.sqrt(len(numbers))),
        accuracy_ci=clopper_pearson(int(right.sum()), len(right)),
        auc=auc(same, different),
        auc_ci=auc_interval(same, different),
        threshold=float(np.mean(thresholds)),
        tar=tuple(rate_at_fpr(same, different, far) for far in ASKED_FARS),
    )


def require_folds(folds: np.ndarray) -> None:
    """Check that there are folds enough to choose a threshold on others.

    Args:
        folds: (N,) number of the fold of each pair.

    Raises:
        MintError: There are fewer than two.
    """
    if len(np.unique(folds)) < 2:
        raise MintError(
            "The threshold for one fold is chosen on the others, and the pairs have one fold only: "
            "give a pairs.txt with two folds or more."
        )


def best_threshold(similarities: np.ndarray, is_same: np.ndarray) -> float:
    """Choose the threshold with the most pairs on the right side; a pair at or above it is accepted.

    It lies in the middle between two similarities; of several as good, the lowest is taken.

    Args:
        similarities: (N,).
        is_same: (N,) bool.
    """
    order = np.argsort(similarities, kind="stable")
    ascending, same = similarities[order], is_same[order]
    # Candidate k accepts all from place k on: the different ones before it are right, too.
    right = np.concatenate([[0], np.cumsum(~same)]) + same.sum()
    right[1:] -= np.cumsum(same)
    padded = np.concatenate([[-np.inf], ascending, [np.inf]])
    middles = (padded[:-1] + padded[1:]) / 2
    # Equal similarities cannot be parted.
    possible = padded[:-1] < padded[1:]
    best = int(np.argmax(np.where(possible, right, -1)))
    return float(np.clip(middles[best], ascending[0], np.nextafter(ascending[-1], np.inf)))
