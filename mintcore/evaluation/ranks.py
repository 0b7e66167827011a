"""Ranks and quantiles without scipy.stats, which takes a second to import: pages measure, too."""

import numpy as np
from scipy import special


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Rank values from 1 on; equal ones share the mean of their ranks.

    Args:
        values: (N,) numbers.

    Returns:
        (N,) float64, as ``scipy.stats.rankdata`` gives it; all NaN where a value is.
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    if np.isnan(values).any():
        return np.full(len(values), np.nan)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def binomial_quantile(share: float, trials: int, rate: float) -> int:
    """Smallest count that a binomial variable does not exceed with a probability of ``share`` or more.

    Args:
        share: Above 0, below 1.
        trials: Number of trials.
        rate: Of successes, above 0, below 1.
    """
    near = int(np.ceil(special.bdtrik(share, trials, rate)))  # may be one too high
    return near - 1 if near > 0 and special.bdtr(near - 1, trials, rate) >= share else near
