"""Entropy: the predictions for members are less spread over the classes.

Shokri, Stronati, Song and Shmatikov 2017 (arXiv 1610.05820) observed it; Salem et al. 2019
(arXiv 1806.01246), adversary 3, put a threshold on it.
"""

import numpy as np


def entropy(log_entropy: np.ndarray) -> np.ndarray:
    """Score images by minus the entropy -sum p log p of their prediction, as its logarithm, which ranks them alike.

    Args:
        log_entropy: (N,) logarithm of the entropy.

    Returns:
        (N,) float64, higher for likelier members.
    """
    return -np.asarray(log_entropy, np.float64)
