"""Late fusion: one score from the networks of several sources, which says how much each source contributed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from mintcore.auditors.evidence import Examined
from mintcore.cohorts import Cohort

PULL = 0.01
"""How strongly the weights are pulled to each other, against the mean log-loss of an image."""


@dataclass(frozen=True)
class Fusion:
    """How the scores of K sources make one.

    Attributes:
        means: (K,) mean of each source's scores on the validation part.
        scales: (K,) their standard deviation.
        weights: (K,) non-negative, of the standardised scores.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]

    def combine(self, scores: np.ndarray) -> np.ndarray:
        """Weigh the scores of K sources.

        Args:
            scores: (K, ..., N) of each source; NaN where it has none.

        Returns:
            (..., N), NaN where a source has none.
        """
        shape = (-1, *([1] * (scores.ndim - 1)))
        means, scales, weights = (
            np.array(values).reshape(shape) for values in (self.means, self.scales, self.weights)
        )
        return np.asarray((weights * (scores - means) / scales).sum(axis=0))

    def contributions(self) -> list[float]:
        """Give the share of each source: its weight over the sum of all, as the scores are standardised."""
        total = sum(self.weights)
        return [weight / total for weight in self.weights]


ALONE = Fusion((0.0,), (1.0,), (1.0,))
"""The fusion of an auditor that reads one source: its score as it is."""


@dataclass(frozen=True)
class Fused:
    """An auditor, or a blind baseline: the networks of its sources and how their scores make one.

    Attributes:
        sources: K sources.
        fusion: Of the K.
    """

    sources: Sequence[Examined]
    fusion: Fusion

    @property
    def scores(self) -> np.ndarray:
        """(N,) the mean over the seeds of each image's score; NaN where a source has none."""
        return np.asarray(self.scores_by_seed().mean(axis=0))

    def scores_by_seed(self) -> np.ndarray:
        """Give (S, N): what the networks of each seed make of each image alone."""
        return self.fusion.combine(np.stack([source.scores for source in self.sources]))


def fuse_examined(sources: Sequence[Examined], cohort: Cohort) -> Fused:
    """Fuse what was examined: one source is left as it is, several get weights from the validation part."""
    if len(sources) == 1:
        return Fused(sources, ALONE)
    scores = np.stack([source.scores.mean(axis=0) for source in sources])
    usable = np.isfinite(scores).all(axis=0) & (cohort.part == "validation")
    return Fused(sources, fuse(scores[:, usable], cohort.is_member[usable]))


def fuse(scores: np.ndarray, is_member: np.ndarray) -> Fusion:
    """Fit the weights of sources by logistic regression with non-negative weights.

    A source's network was fitted on other images, so its scores here are as good as on any new image. Weights are
    pulled to each other and not to zero: sources that say the same share the weight between them, and where
    none says anything, the fusion is their mean.

    Args:
        scores: (K, N) of K sources on the validation part, all finite.
        is_member: (N,) bool.
    """
    means, scales = scores.mean(axis=1), scores.std(axis=1)
    scales = np.where(scales > 0, scales, 1.0)
    standardised = (scores - means[:, None]) / scales[:, None]
    sign = np.where(is_member, 1.0, -1.0)
    balance = np.where(is_member, 0.5 / is_member.sum(), 0.5 / (~is_member).sum())
    sources = len(scores)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = parameters[:-1], parameters[-1]
        margins = sign * (weights @ standardised + bias)
        apart = weights - weights.mean()
        slope = -sign * balance / (1 + np.exp(np.clip(margins, -500, 500)))
        gradient = np.append(standardised @ slope + 2 * PULL * apart, slope.sum())
        return float(balance @ np.logaddexp(0, -margins) + PULL * (apart**2).sum()), gradient

    start = np.append(np.full(sources, 1 / sources), 0.0)
    bounds = [(0.0, None)] * sources + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x[:-1]
    weights = found if found.sum() > 0 else np.full(sources, 1 / sources)
    return Fusion(tuple(means.tolist()), tuple(scales.tolist()), tuple(weights.tolist()))
