"""Modified entropy: the entropy, made to grow where the model is sure of a wrong class.

Song and Mittal 2021, "Systematic Evaluation of Privacy Risks of Machine Learning Models" (arXiv 2003.10595),
equation 6: Mentr = -(1 - p_y) log p_y - sum over the other classes of p log(1 - p). They choose a threshold a class
on shadow models (equation 8); here one threshold is moved over all values, as for the other methods.
"""

import numpy as np


def modified_entropy(log_modified_entropy: np.ndarray) -> np.ndarray:
    """Score images by minus their modified entropy, as its logarithm, which ranks them alike.

    Args:
        log_modified_entropy: (N,) logarithm of the modified entropy for the true class.

    Returns:
        (N,) float64, higher for likelier members.
    """
    return -np.asarray(log_modified_entropy, np.float64)
