"""What methods reach on the test part, and what they cost: one row a method."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mintcore.evaluation.intervals import auc_interval
from mintcore.evaluation.metrics import ASKED_FPRS
from mintcore.evaluation.roc import auc, rate_at_fpr
from mintcore.methods.catalogue import Method


def rows(
    methods: Sequence[Method],
    scores: Mapping[str, np.ndarray],
    is_member: np.ndarray,
    *,
    queries: int,
    references: int,
) -> list[dict[str, Any]]:
    """Measure methods.

    Args:
        methods: The methods.
        scores: Name -> (N,) scores of the images to test on, all finite.
        is_member: (N,) bool.
        queries: How often an image was shown.
        references: How many reference models there are.

    Returns:
        A row a method: ``method``, ``source``, ``needs``, ``auc``, ``auc_ci``, ``low_fpr`` (true-positive rates at
        1% and 0.1% false positives; None where they cannot be measured), ``n_members``, ``n_externals``,
        ``forward_passes`` an image and ``models_trained``.
    """
    return [
        {"method": method.name, "source": method.source}
        | _reached(scores[method.name], is_member)
        | _cost(method, queries, references)
        for method in methods
    ]


def _reached(scores: np.ndarray, is_member: np.ndarray) -> dict[str, Any]:
    members, externals = scores[is_member], scores[~is_member]
    low_fpr = [rate_at_fpr(members, externals, fpr) for fpr in ASKED_FPRS]
    return {
        "auc": auc(members, externals),
        "auc_ci": list(auc_interval(members, externals)),
        "low_fpr": [None if rate is None else asdict(rate) for rate in low_fpr],
        "n_members": len(members),
        "n_externals": len(externals),
    }


def _cost(method: Method, queries: int, references: int) -> dict[str, Any]:
    models = 0 if method.references == "none" else references
    return {
        "needs": "none" if method.references == "none" else "references",
        "forward_passes": (queries if method.all_queries else 1) * (1 + models),
        "models_trained": models,
    }
