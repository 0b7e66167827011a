"""Scores of groups, as reports draw them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mintcore.evaluation.histogram import score_histogram

BINS = 40


def binned(groups: Mapping[tuple[str, str], np.ndarray]) -> list[dict[str, Any]]:
    """Bin the scores of groups on one scale.

    Args:
        groups: (name, colour) of each group -> its scores; those that are not finite do not count.

    Returns:
        The groups that have a score, as ``Distributions`` has them.
    """
    rows = score_histogram({name: scores for (name, _), scores in groups.items()}, BINS)
    drawn = []
    for name, colour in groups:
        bins = [row for row in rows if row["group"] == name]
        if bins:
            edges = [*(row["low"] for row in bins), bins[-1]["high"]]
            shares = [row["share"] for row in bins]
            drawn.append(
                {
                    "name": name,
                    "colour": colour,
                    "n": bins[0]["n"],
                    "edges": edges,
                    "shares": shares,
                }
            )
    return drawn
