"""Loss threshold: members have a smaller loss.

Yeom, Giacomelli, Fredrikson and Jha 2018, "Privacy Risk in Machine Learning" (arXiv 1709.01604), adversary 2, with
a threshold that is moved over all values.
"""

import numpy as np


def loss_threshold(scaled_logit: np.ndarray) -> np.ndarray:
    """Score images by minus their loss, or rather by what ranks them alike without ties.

    The loss -log p is log(1 + exp(-scaled_logit)), which falls with the scaled logit log(p / (1 - p)); in float32 it
    is 0 for everything above 104.

    Args:
        scaled_logit: (N,) of the true class.

    Returns:
        (N,) float64, higher for likelier members.
    """
    return np.asarray(scaled_logit, np.float64)


def global_threshold(scaled_logit: np.ndarray) -> np.ndarray:
    """Score images by their mean over augmented queries.

    The "global threshold" that the program of Carlini et al. 2022 (arXiv 2112.03570) puts beside LiRA.

    Args:
        scaled_logit: (N, K) of the true class, a column a query.

    Returns:
        (N,) float64, higher for likelier members.
    """
    return np.asarray(np.asarray(scaled_logit, np.float64).mean(axis=1))
