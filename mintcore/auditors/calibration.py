"""Scores as probabilities: a logistic calibration that is fitted on validation images."""

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression

_ALMOST_FREE = 1e4  # inverse strength of the regularisation: Platt's targets keep the slope finite


def calibrate(members: np.ndarray, externals: np.ndarray) -> dict[str, float]:
    """Fit a logistic calibration (Platt 1999: a temperature and a bias), as if half of all images were members.

    Platt's targets, (n + 1) / (n + 2) instead of 1, keep it finite where the two groups are separated. Scores that do
    not rise from externals to members say nothing of membership; their probability is one half.

    Args:
        members: (P,) scores of validation members.
        externals: (M,) scores of validation externals.

    Returns:
        ``slope`` (at least 0) and ``intercept`` of the logit of the calibrated probability.
    """
    nothing = {"slope": 0.0, "intercept": 0.0}
    if not len(members) or not len(externals):
        return nothing
    scores = np.concatenate([members, externals])
    centre, spread = float(scores.mean()), float(scores.std())
    if not np.isfinite(spread) or spread <= 1e-12 * max(1.0, abs(centre)):
        return nothing
    certain = np.concatenate(
        [np.full(len(group), (len(group) + 1) / (len(group) + 2)) for group in (members, externals)]
    )
    is_member = np.arange(len(scores)) < len(members)
    a_group = np.where(is_member, 1 / len(members), 1 / len(externals)) * len(scores) / 2
    standard = ((scores - centre) / spread)[:, None]
    model = LogisticRegression(C=_ALMOST_FREE).fit(
        np.concatenate([standard, standard]),
        np.concatenate([is_member, ~is_member]),
        sample_weight=np.concatenate([a_group * certain, a_group * (1 - certain)]),
    )
    slope = float(model.coef_[0, 0]) / spread
    if slope <= 0:
        return nothing
    return {"slope": slope, "intercept": float(model.intercept_[0]) - slope * centre}


def calibrated(scores: np.ndarray, calibration: Mapping[str, float]) -> np.ndarray:
    """Turn scores into calibrated probabilities, (N,) in (0, 1)."""
    logits = calibration["slope"] * scores + calibration["intercept"]
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))))
