"""RMIA: how often an image beats images of a population in "how much likelier is it under this very model".

Zarifzadeh, Liu and Shokri 2024, "Low-Cost High-Power Membership Inference Attacks" (arXiv 2312.03262). The
likelihood ratio of an image x and a population image z is (p(x|model) / p(x)) / (p(z|model) / p(z)), where p(x|model)
is the probability of the true class and p(x) its mean over reference models; the score of x is the share of z whose
ratio is at least ``gamma``.

p(x): online, the mean of the mean over reference models that trained on x and of the mean over those that did not.
Offline, where none trained on it, the former is approximated by a p_out + 1 - a, so p(x) = ((1 + a) p_out + 1 - a) / 2.
Queries: for each z, a majority of the queries decides, query against query, as in the authors' program.
Everything is in the logarithms of p and of 1 - p, since most p are too near 1 for a float.
"""

import numpy as np
from scipy.special import logsumexp

GAMMA = 1.0
OFFLINE_A = 0.3
"""The default of the authors' program, which can also choose it by auditing one of the reference models."""

_LOG_HALF = np.log(0.5)
_COMPARED = 2**24


def log_ratio_online(observed: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Give log(p(x|model) / p(x)), with p(x) from models that trained on the image and models that did not.

    Args:
        observed: (N, K) scaled logits of the audited model, a column a query.
        inside: (I, N, K) of reference models that trained on the image.
        outside: (O, N, K) of those that did not.

    Returns:
        (N, K) float64.
    """
    sides = [_log_means(side) for side in (inside, outside)]
    log_p, log_rest = (np.logaddexp(one, two) + _LOG_HALF for one, two in zip(*sides, strict=True))
    return np.asarray(_log_p(observed) - _nearer(log_p, log_rest))


def log_ratio_offline(
    observed: np.ndarray, outside: np.ndarray, a: float = OFFLINE_A
) -> np.ndarray:
    """Give log(p(x|model) / p(x)), with p(x) from models that did not train on the image.

    Args:
        observed: (N, K) scaled logits of the audited model, a column a query.
        outside: (O, N, K) of reference models that did not train on the image.
        a: What p_in is approximated with: a p_out + 1 - a, from 0 to 1.

    Returns:
        (N, K) float64.
    """
    log_out, log_rest_out = _log_means(outside)
    share = np.log((1 + a) / 2)
    log_rest = log_rest_out + share  # 1 - p = (1 + a) / 2 (1 - p_out)
    log_p = log_out + share if a == 1 else np.logaddexp(log_out + share, np.log((1 - a) / 2))
    return np.asarray(_log_p(observed) - _nearer(log_p, log_rest))


def rmia(log_ratios: np.ndarray, population: np.ndarray, gamma: float = GAMMA) -> np.ndarray:
    """Score images by the share of the population that they beat.

    Args:
        log_ratios: (N, K) log(p(x|model) / p(x)) of the images, a column a query.
        population: (M, K) of images that were not trained on.
        gamma: By how much an image has to beat another.

    Returns:
        (N,) float64 in [0, 1], higher for likelier members.
    """
    images, queries = log_ratios.shape
    bar = population + np.log(gamma)
    scores = np.empty(images)
    step = max(1, _COMPARED // len(population))
    for start in range(0, images, step):
        some = log_ratios[start : start + step]
        votes = np.zeros((len(some), len(population)), np.uint8)
        for query in range(queries):
            votes += some[:, query, None] >= bar[None, :, query]
        scores[start : start + step] = (2 * votes.astype(np.int16) > queries).mean(axis=1)
    return scores


def _log_p(scaled_logit: np.ndarray) -> np.ndarray:
    return -np.logaddexp(0.0, -np.asarray(scaled_logit, np.float64))


def _log_means(scaled_logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the logarithms of the mean of p and of the mean of 1 - p over models: (R, N, K) to (N, K) each."""
    models = np.log(len(scaled_logits))
    means = [logsumexp(_log_p(sign * scaled_logits), axis=0) - models for sign in (1, -1)]
    return means[0], means[1]


def _nearer(log_p: np.ndarray, log_rest: np.ndarray) -> np.ndarray:
    """Give log p from whichever of p and 1 - p is the smaller, which a float says more exactly."""
    return np.where(log_p < _LOG_HALF, log_p, np.log1p(-np.exp(np.minimum(log_rest, _LOG_HALF))))
