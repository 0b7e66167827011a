"""Histograms of scores: what a page draws of millions of scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

BINS = 40
_DRAWN_QUANTILES = (0.005, 0.995)


def score_histogram(groups: Mapping[str, np.ndarray], bins: int = BINS) -> list[dict[str, Any]]:
    """Bin the scores of several groups on one scale.

    The scale spans all but the outermost half percent on each side; what lies beyond is counted in the outermost bin.

    Args:
        groups: Name -> (N,) scores; those that are not finite are left out.
        bins: How many bins.

    Returns:
        For each group and bin: ``group``, ``n`` of the group, ``low``, ``high``, ``count`` and ``share`` of the group.
        Nothing where there is no score.
    """
    finite = {name: values[np.isfinite(values)] for name, values in groups.items()}
    pooled = np.concatenate([*finite.values(), np.empty(0)])
    if not len(pooled):
        return []
    low, high = np.quantile(pooled, _DRAWN_QUANTILES)
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    rows = []
    for name, values in finite.items():
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        rows += [_row(name, len(values), edges, i, int(counts[i])) for i in range(bins)]
    return rows


def _row(group: str, n: int, edges: np.ndarray, i: int, count: int) -> dict[str, Any]:
    return {
        "group": group,
        "n": n,
        "low": float(edges[i]),
        "high": float(edges[i + 1]),
        "count": count,
        "share": count / n if n else 0.0,
    }
