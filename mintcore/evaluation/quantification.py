"""What share of an audited set was used for training: the adjusted count."""

from dataclasses import dataclass

import numpy as np

from mintcore.evaluation.intervals import Interval

RESAMPLES = 2000


@dataclass(frozen=True)
class Share:
    """Estimated share of members in a set, with its bootstrap interval; both within [0, 1]."""

    value: float
    interval: Interval


def member_share(
    audited: np.ndarray,
    members: np.ndarray,
    externals: np.ndarray,
    threshold: float,
    *,
    seed: int,
    level: float = 0.95,
) -> Share | None:
    """Estimate the share of members by the adjusted count (Forman 2008, section 2.2).

    The rate of scores at or above the threshold in the audited set lies between the rates of externals and of members;
    how far along it lies is the share.

    Args:
        audited: (N,) scores of the audited set.
        members: (P,) scores of held-out members.
        externals: (M,) scores of held-out externals.
        threshold: Chosen on validation images.
        seed: Seed of the bootstrap over all three groups.
        level: Confidence level.

    Returns:
        The share, or None where the auditor does not tell members from externals well enough to measure one: the
        difference of their rates is not above zero throughout its interval.
    """
    rng = np.random.default_rng(seed)
    rates = [_resampled_rates(scores >= threshold, rng) for scores in (audited, members, externals)]
    tail = (1 - level) / 2
    if np.quantile(rates[1] - rates[2], tail) <= 0:
        return None
    gap = np.maximum(rates[1] - rates[2], 1e-9)
    low, high = np.quantile(np.clip((rates[0] - rates[2]) / gap, 0, 1), [tail, 1 - tail])
    hit, true, false = (
        float((scores >= threshold).mean()) for scores in (audited, members, externals)
    )
    value = min(1.0, max(0.0, (hit - false) / (true - false)))
    return Share(value, (float(low), float(high)))


def _resampled_rates(hits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.binomial(len(hits), hits.mean(), size=RESAMPLES) / len(hits)
