"""Ranks, and p-values read off them, with NumPy alone: SciPy takes a second to import, and pages measure, too."""

import numpy as np


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


def conformal_p_values(scores: np.ndarray, external: np.ndarray) -> np.ndarray:
    """P-value of "this image is like the externals": share of held-out externals that score at least as high.

    The plus one keeps it valid for any number of externals (Vovk, Gammerman and Shafer 2005, section 2.2).

    Args:
        scores: (N,) scores of the audited images.
        external: (M,) scores of held-out externals, which neither training nor the choice of an epoch has seen.

    Returns:
        (N,) values in (0, 1].
    """
    at_least = len(external) - np.searchsorted(np.sort(external), scores, side="left")
    return np.asarray((1 + at_least) / (1 + len(external)))
