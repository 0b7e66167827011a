"""Confidence: members get a larger maximum of the softmax, whatever their label is.

Salem, Zhang, Humbert, Berrang, Fritz and Backes 2019, "ML-Leaks" (arXiv 1806.01246), adversary 3. The confidence of
the *true* class (Song and Mittal 2021, arXiv 2003.10595) ranks as the loss threshold does.
"""

import numpy as np


def confidence(top_scaled_logit: np.ndarray) -> np.ndarray:
    """Score images by the largest probability p, as log(p / (1 - p)), which ranks them alike without ties.

    Args:
        top_scaled_logit: (N,) of the most probable class.

    Returns:
        (N,) float64, higher for likelier members.
    """
    return np.asarray(top_scaled_logit, np.float64)
