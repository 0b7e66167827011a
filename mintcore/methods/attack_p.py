"""Attack-P: an image's loss among the losses of a population that the model did not train on.

Ye, Maddi, Murakonda, Bindschaedler and Shokri 2022, "Enhanced Membership Inference Attacks" (arXiv 2111.09679),
section 4: a loss counts as a member's at level alpha where it is below the alpha-quantile of the population's.
"""

import numpy as np

from mintcore.methods.levels import interpolated_levels


def attack_p(scaled_logit: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Score images by minus the smallest level at which they are called members.

    It ranks images as their loss does; what the population adds is the level itself.

    Args:
        scaled_logit: (N,) of the true class.
        population: (M,) of images that were not trained on.

    Returns:
        (N,) float64 in [-1, 0], higher for likelier members.
    """
    return -interpolated_levels(scaled_logit, population[:, None])
