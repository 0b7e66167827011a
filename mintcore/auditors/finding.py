"""The finding of one experiment: an auditor's figures on the test part, beside its blind baselines."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from mintcore.auditors.evidence import AUDITOR
from mintcore.cohorts import Cohort
from mintcore.errors import MintError
from mintcore.evaluation.advantage import advantage
from mintcore.evaluation.metrics import measure
from mintcore.evaluation.roc import balanced_threshold
from mintcore.verdicts import MEANING, tier_of


def find(scores: Mapping[str, np.ndarray], cohort: Cohort, seed: int) -> dict[str, Any]:
    """Evaluate an auditor and its blind baselines once, on the test part.

    Args:
        scores: "auditor" and each blind baseline -> (N,) scores of the cohort, NaN where an image has none.
        cohort: The images and their parts.
        seed: Seed of the bootstrap.

    Returns:
        The figures for the card: JSON values.
    """
    scored = np.all([np.isfinite(values) for values in scores.values()], axis=0)
    validation = scored & (cohort.part == "validation")
    test = scored & (cohort.part == "test")
    if not test.any():
        raise MintError(
            "No test image has activations: see the failures that `mint store info` counts."
        )
    threshold = balanced_threshold(
        scores[AUDITOR][validation & cohort.is_member],
        scores[AUDITOR][validation & ~cohort.is_member],
    )
    return {
        "threshold": threshold,
        "calibration": calibrate(scores[AUDITOR][validation], cohort.is_member[validation]),
        **compare(
            {name: values[test] for name, values in scores.items()},
            cohort.is_member[test],
            threshold,
            seed,
        ),
    }


def compare(
    scores: Mapping[str, np.ndarray], is_member: np.ndarray, threshold: float, seed: int
) -> dict[str, Any]:
    """Set an auditor's scores beside its blind baselines' on the same images.

    Args:
        scores: "auditor" and each blind baseline -> (N,) scores.
        is_member: (N,) bool.
        threshold: Of the auditor's scores, chosen elsewhere.
        seed: Seed of the bootstrap.
    """
    auditor = measure(scores[AUDITOR], is_member, threshold)
    blind_scores = {name: values for name, values in scores.items() if name != AUDITOR}
    blinds = {
        name: measure(values, is_member, float(np.median(values)))
        for name, values in blind_scores.items()
    }
    gain = advantage(scores[AUDITOR], list(blind_scores.values()), is_member, seed=seed)
    best = list(blinds)[gain.best_blind]
    tier = tier_of(
        auditor.auc_ci, gain.value, gain.interval, [blind.auc_ci for blind in blinds.values()]
    )
    return {
        **asdict(auditor),
        "blind": [
            {"name": name, "auc": blind.auc, "auc_ci": blind.auc_ci, "roc": blind.roc}
            for name, blind in blinds.items()
        ],
        "best_blind": best,
        "blind_auc": blinds[best].auc,
        "blind_auc_ci": blinds[best].auc_ci,
        "advantage": gain.value,
        "advantage_ci": gain.interval,
        "tier": tier.value,
        "meaning": MEANING[tier],
    }


def calibrate(scores: np.ndarray, is_member: np.ndarray) -> dict[str, float]:
    """Fit a logistic calibration on validation images (Platt 1999), as if half of all images were members.

    Returns:
        ``slope`` and ``intercept`` of the logit of the calibrated probability.
    """
    model = LogisticRegression(class_weight="balanced").fit(scores[:, None], is_member)
    return {"slope": float(model.coef_[0, 0]), "intercept": float(model.intercept_[0])}


def calibrated(scores: np.ndarray, calibration: Mapping[str, float]) -> np.ndarray:
    """Turn scores into calibrated probabilities, (N,) in (0, 1)."""
    logits = calibration["slope"] * scores + calibration["intercept"]
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))))
