"""LiRA: how much likelier a scaled logit is under reference models that trained on the image than under the others.

Carlini, Chien, Nasr, Song, Terzis and Tramer 2022, "Membership Inference Attacks From First Principles"
(arXiv 2112.03570). Online: algorithm 1, the ratio of two Gaussians fitted to the scaled logits log(p / (1 - p)) of
reference models that trained on the image and of those that did not. Offline: its variant without models that
trained on the image, the one-sided probability that a model which did not train on it is less sure of it. (The authors'
program scores the density instead, under which an image that the model is unusually unsure of would be a member too.)

Variance: with few reference models one for all images, queries and, online, both sides, the variance of all the scaled
logits of models that trained on the image, as the authors' program has it (``fix_variance``); offline it is that of
the others. From ``MODELS_FOR_A_VARIANCE_EACH`` models on, each image, query and side has its own.
Queries: a Gaussian each, and the mean of their log-likelihood ratios, as in the authors' program; offline likewise,
the mean of the log-probabilities.
"""

import numpy as np
from scipy.special import log_ndtr, logsumexp

MODELS_FOR_A_VARIANCE_EACH = 64
_LEAST_STD = 1e-30
_FAR_UP = 6.0
"""Above it, -log(Phi(z)) is 1 - Phi(z) to nine digits."""


def lira_online(
    observed: np.ndarray, inside: np.ndarray, outside: np.ndarray, *, variance_each: bool
) -> np.ndarray:
    """Score images by their log-likelihood ratio.

    Args:
        observed: (N, K) scaled logits of the audited model, a column a query.
        inside: (I, N, K) of reference models that trained on the image.
        outside: (O, N, K) of those that did not.
        variance_each: Whether each image and query has a variance of its own.

    Returns:
        (N,) float64, higher for likelier members.
    """
    spread_inside = _std(inside, variance_each)
    spread_outside = _std(outside, variance_each) if variance_each else spread_inside
    ratio = _log_density(observed, inside, spread_inside)
    ratio -= _log_density(observed, outside, spread_outside)
    return np.asarray(ratio.mean(axis=1))


def lira_offline(observed: np.ndarray, outside: np.ndarray, *, variance_each: bool) -> np.ndarray:
    """Score images by the log-probability that a model which did not train on them is less sure of them.

    Near 1 the probabilities differ by less than a float can say, so what is given is minus the logarithm of minus
    their mean logarithm, which ranks them alike.

    Args:
        observed: (N, K) scaled logits of the audited model, a column a query.
        outside: (O, N, K) of reference models that did not train on the image.
        variance_each: Whether each image and query has a variance of its own.

    Returns:
        (N,) float64, higher for likelier members.
    """
    z = _standardised(observed, outside, _std(outside, variance_each))
    log_surprise = np.where(z > _FAR_UP, log_ndtr(-z), np.log(-log_ndtr(np.minimum(z, _FAR_UP))))
    return np.asarray(np.log(z.shape[1]) - logsumexp(log_surprise, axis=1))


def _log_density(observed: np.ndarray, side: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Give the logarithm of a Gaussian's density, but for a constant."""
    return np.asarray(-0.5 * _standardised(observed, side, spread) ** 2 - np.log(spread))


def _standardised(observed: np.ndarray, side: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.asarray((observed - side.mean(axis=0)) / spread)


def _std(side: np.ndarray, variance_each: bool) -> np.ndarray:
    return np.asarray(side.std(axis=0 if variance_each else None)) + _LEAST_STD
