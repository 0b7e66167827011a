"""The finding of one experiment: an auditor's figures on the test part, beside its blind baselines."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mintcore.auditors.calibration import calibrate, calibrated
from mintcore.auditors.evidence import AUDITOR
from mintcore.cohorts import Cohort
from mintcore.errors import MintError
from mintcore.evaluation.advantage import advantage
from mintcore.evaluation.calibration_error import calibration_error
from mintcore.evaluation.intervals import auc_interval
from mintcore.evaluation.metrics import ASKED_FPRS, measure
from mintcore.evaluation.roc import auc, balanced_threshold, measured_at, threshold_at
from mintcore.verdicts import MEANING, null_remark, tier_of

MIN_TEST_IMAGES = 2
_NULL_LEVEL = 0.99


@dataclass(frozen=True)
class Null:
    """The auditor fitted on labels that were permuted within each part: what is left when there is nothing to find.

    Attributes:
        scores: (N,) scores for the cohort's images, NaN where an image has none.
        is_member: (N,) bool, the permuted labels.
    """

    scores: np.ndarray
    is_member: np.ndarray


def find(
    scores: Mapping[str, np.ndarray],
    cohort: Cohort,
    *,
    seed: int,
    by_seed: np.ndarray | None = None,
    null: Null | None = None,
) -> dict[str, Any]:
    """Evaluate an auditor and its blind baselines once, on the test part.

    Thresholds and calibration are chosen on the validation part.

    Args:
        scores: "auditor" and each blind baseline -> (N,) scores of the cohort, NaN where an image has none.
        cohort: The images and their parts.
        seed: Of the experiment.
        by_seed: (S, N) the auditor's scores by each of its seeds alone.
        null: The label-permutation null.

    Returns:
        The figures for the card: JSON values, none of them NaN or infinite.

    Raises:
        MintError: Fewer than two members or two externals of the test part have activations.
    """
    scored = np.all([np.isfinite(values) for values in scores.values()], axis=0)
    test = scored & (cohort.part == "test")
    is_member = cohort.is_member[test]
    if min(is_member.sum(), (~is_member).sum()) < MIN_TEST_IMAGES:
        raise MintError(
            "Fewer than two members or two externals of the test part have activations: see the failures that "
            "`mint store info` counts."
        )
    chosen = _choose(scores[AUDITOR], scored & (cohort.part == "validation"), cohort.is_member)
    on_test = {name: values[test] for name, values in scores.items()}
    return {
        **chosen,
        "thresholds": [
            {**row, **measured_at(on_test[AUDITOR], is_member, row["threshold"])}
            for row in chosen["thresholds"]
        ],
        **compare(on_test, is_member, chosen["threshold"], seed),
        **_calibration(on_test[AUDITOR], is_member, chosen["calibration"]),
        **_seeds(by_seed, test, cohort.is_member),
        **_null(null, cohort.part == "test"),
    }


def _choose(scores: np.ndarray, validation: np.ndarray, is_member: np.ndarray) -> dict[str, Any]:
    """Choose on the validation part whatever is chosen."""
    members, externals = scores[validation & is_member], scores[validation & ~is_member]
    return {
        "threshold": balanced_threshold(members, externals),
        "thresholds": [
            {"asked_fpr": fpr, "threshold": threshold_at(externals, fpr)} for fpr in ASKED_FPRS
        ],
        "calibration": calibrate(members, externals),
    }


def _calibration(
    scores: np.ndarray, is_member: np.ndarray, calibration: Mapping[str, float]
) -> dict[str, Any]:
    found = calibration_error(calibrated(scores, calibration), is_member)
    return {
        "calibration_error": found.value,
        "calibration_error_ci": found.interval,
        "calibration_error_observed": found.observed,
        "calibration_error_if_calibrated": found.observed_if_calibrated,
    }


def _seeds(by_seed: np.ndarray | None, test: np.ndarray, is_member: np.ndarray) -> dict[str, Any]:
    """Say how far the auditor's AUC depends on its seed."""
    aucs = [] if by_seed is None else [_test_auc(row, test, is_member) for row in by_seed]
    known = [value for value in aucs if value is not None]
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return {"seed_aucs": aucs, "seed_auc_sd": spread}


def _test_auc(scores: np.ndarray, test: np.ndarray, is_member: np.ndarray) -> float | None:
    usable = test & np.isfinite(scores)
    members, externals = scores[usable & is_member], scores[usable & ~is_member]
    return auc(members, externals) if len(members) and len(externals) else None


def _null(null: Null | None, test: np.ndarray) -> dict[str, Any]:
    """Measure the permutation null; an experiment in which it finds something is not to be trusted."""
    found: dict[str, Any] = {"null_auc": None, "null_auc_ci": None, "remarks": []}
    if null is None:
        return found
    usable = test & np.isfinite(null.scores)
    members = null.scores[usable & null.is_member]
    externals = null.scores[usable & ~null.is_member]
    if min(len(members), len(externals)) < MIN_TEST_IMAGES:
        return found
    wide = auc_interval(members, externals, _NULL_LEVEL)
    found["null_auc"] = auc(members, externals)
    found["null_auc_ci"] = auc_interval(members, externals)
    if not wide[0] <= 0.5 <= wide[1]:
        found["remarks"] = [null_remark(found["null_auc"], wide)]
    return found


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
    gain = advantage(scores[AUDITOR], list(blind_scores.values()), is_member)
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
