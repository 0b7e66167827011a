"""What share of an audited set was used for training: the adjusted count, and a mixture of score distributions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mintcore.evaluation.intervals import Interval

_SHARES = np.linspace(0, 1, 201)
# The shares that the mixture weighs probabilities for: nearer to 0 and 1 single weights grow wild.
_WEIGHED_AT = np.linspace(0.1, 0.9, 17)


@dataclass(frozen=True)
class Share:
    """Estimated share of members in a set, with its interval; both within [0, 1]."""

    value: float
    interval: Interval


def counted_share(
    audited: np.ndarray,
    members: np.ndarray,
    externals: np.ndarray,
    threshold: float,
    *,
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
        level: Confidence level.

    Returns:
        The share, or None where the auditor does not tell members from externals well enough to measure one.
    """
    groups = (audited, members, externals)
    moments = _moments([(group >= threshold).astype(np.float64) for group in groups])
    return _invert(np.repeat(moments[:, None], len(_SHARES), axis=1), groups, level)


def mixture_share(
    audited: np.ndarray, members: np.ndarray, externals: np.ndarray, *, level: float = 0.95
) -> Share | None:
    """Estimate the share of members as the weight of a mixture, by its likelihood equation.

    The audited scores are a mixture of the members' and the externals'. The ratio r of the two densities is the odds
    of the calibrated probability (Qin 1999, exponential tilt), and the share p solves: the mean of
    (r - 1) / (p r + 1 - p) is its mean in the mixture. The latter is measured on the held-out images instead of being
    taken from the model, so that a wrong calibration costs width, not truth.

    Args:
        audited: (N,) calibrated probabilities of the audited set; the calibration was fitted on other images.
        members: (P,) calibrated probabilities of held-out members.
        externals: (M,) calibrated probabilities of held-out externals.
        level: Confidence level.

    Returns:
        The share, or None where the auditor does not tell members from externals well enough to measure one.
    """
    groups = (audited, members, externals)
    weighed = np.stack([_moments([_weights(each, p) for each in groups]) for p in _WEIGHED_AT])
    moments = np.stack([np.interp(_SHARES, _WEIGHED_AT, row) for row in weighed.T])
    return _invert(moments, groups, level)


def _weights(probability: np.ndarray, share: float) -> np.ndarray:
    """(r - 1) / (p r + 1 - p) for the odds r of a calibrated probability."""
    return (2 * probability - 1) / (share * probability + (1 - share) * (1 - probability))


def _moments(weights: Sequence[np.ndarray]) -> np.ndarray:
    """Mean weight of audited, members and externals, and the variance within members and within externals.

    A variance that rests on a few rare weights is often far too small. So it is also taken with one image more, whose
    weight is the least usual that was seen anywhere, and the larger counts. Simulated with a calibration three times
    too steep, a share of 1 is covered by 85% of intervals without it, and by 98% with it.
    """
    audited, members, externals = weights
    pooled = np.concatenate(weights)
    found = [audited.mean(), members.mean(), externals.mean()]
    for group, surprise in ((members, pooled.min()), (externals, pooled.max())):
        found.append(max(np.var(group, ddof=1), np.var(np.append(group, surprise), ddof=1)))
    return np.array(found)


def _invert(moments: np.ndarray, groups: Sequence[np.ndarray], level: float) -> Share | None:
    """Collect the shares that a test of the mean weight does not reject (Fieller 1954).

    The set is the one that was given, so its number of members is fixed, not drawn: the variance of its mean is that
    within members and within externals. At a share of 0 or 1 only one end can miss, and coverage is above nominal.

    Args:
        moments: (5, S) of ``_moments``, for each of ``_SHARES``.
        groups: Audited, members and externals, of which the sizes count.
        level: Confidence level.
    """
    audited, members, externals, members_variance, externals_variance = moments
    n, n_members, n_externals = map(len, groups)
    z = float(stats.norm.ppf(0.5 + level / 2))
    noise = np.sqrt(members_variance / n_members + externals_variance / n_externals)
    middle = len(_SHARES) // 2
    if members[middle] - externals[middle] <= z * noise[middle]:
        return None
    variance = _SHARES * members_variance * (1 / n + _SHARES / n_members)
    variance += (1 - _SHARES) * externals_variance * (1 / n + (1 - _SHARES) / n_externals)
    expected = _SHARES * members + (1 - _SHARES) * externals
    off = (audited - expected) / np.sqrt(np.maximum(variance, 1e-30))
    return Share(_crossing(off, 0.0), (_crossing(off, z), _crossing(off, -z)))


def _crossing(off: np.ndarray, level: float) -> float:
    """Find the share at which a falling curve reaches a level; the nearer end where it never does."""
    above = np.flatnonzero(off > level)
    if not len(above):
        return 0.0
    last = int(above[-1])
    if last == len(off) - 1:
        return 1.0
    part = (off[last] - level) / (off[last] - off[last + 1])
    return float(_SHARES[last] + part * (_SHARES[last + 1] - _SHARES[last]))
