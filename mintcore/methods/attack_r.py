"""Attack-R: an image's loss among the losses that reference models have for the same image.

Ye et al. 2022 (arXiv 2111.09679), section 4: a loss counts as a member's at level alpha where it is below the
alpha-quantile of the losses of reference models that did not train on the image.
"""

import numpy as np

from mintcore.methods.levels import interpolated_levels


def attack_r(scaled_logit: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Score images by minus the smallest level at which they are called members.

    Args:
        scaled_logit: (N,) of the true class, of the audited model.
        outside: (R, N) of reference models that did not train on the image.

    Returns:
        (N,) float64 in [-1, 0], higher for likelier members.
    """
    return -interpolated_levels(scaled_logit, outside)
