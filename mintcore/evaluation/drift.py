"""Drift: how far the scores of an audited set lie from those of the images that a network was fitted on."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Drift:
    """Kolmogorov-Smirnov distances between score distributions, each within [0, 1].

    Attributes:
        from_training: Of the audited set from the training externals.
        expected: Of held-out externals from the training externals. Both are of one source, so that this much comes
            from the fit alone: a network scores the images it was fitted on lower than others like them.
        from_held_out: Of the audited set from held-out externals, to which no network was fitted.
        p_value: Two-sided test of the latter.
    """

    from_training: float
    expected: float
    from_held_out: float
    p_value: float


def score_drift(audited: np.ndarray, held_out: np.ndarray, training: np.ndarray) -> Drift:
    """Compare the scores of an audited set with those of externals, in place and in shape.

    The test is against held-out externals: against the training externals even an undisturbed set would differ.

    Args:
        audited: (N,) scores of the audited set.
        held_out: (M,) scores of held-out externals.
        training: (T,) scores of the externals that the network was fitted on.
    """
    tested = stats.ks_2samp(audited, held_out, method="auto")
    return Drift(
        from_training=float(stats.ks_2samp(audited, training, method="asymp").statistic),
        expected=float(stats.ks_2samp(held_out, training, method="asymp").statistic),
        from_held_out=float(tested.statistic),
        p_value=float(tested.pvalue),
    )
