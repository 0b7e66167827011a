"""The interval of an AUC where images come in groups that are alike: frames of a track, pictures of a person."""

import numpy as np
from numpy.typing import NDArray

from mintcore.evaluation.intervals import Interval
from mintcore.library import auditor_scores
from mintcore.overlaps import images_of_sides
from mintcore.protocols.tables import AUDITOR, Row
from store.artefacts import Home

RESAMPLES = 2000


def over_groups(home: Home, line: Row) -> tuple[Interval, int]:
    """Give the interval of an auditor's AUC by resampling whole groups of its test images, and how many there are.

    Args:
        home: The home folder.
        line: The auditor's line.
    """
    images = images_of_sides(home, line["members"], [line["external"]])
    group = dict(zip(images.sample_ids.tolist(), images.groups.tolist(), strict=True))
    table = auditor_scores(home, line["artefact"])
    scores = table.column(AUDITOR).to_numpy().astype(float)
    tested = (np.array(table.column("part").to_pylist()) == "test") & np.isfinite(scores)
    ids = np.array(table.column("sample_id").to_pylist())[tested]
    groups = np.array([group[name] for name in ids])
    is_member = table.column("is_member").to_numpy(zero_copy_only=False)[tested]
    found = interval_over_groups(scores[tested], is_member, groups)
    return found, len(np.unique(groups))


def interval_over_groups(
    scores: NDArray[np.float64],
    is_member: NDArray[np.bool_],
    groups: NDArray[np.str_],
    *,
    seed: int = 0,
) -> Interval:
    """Give the 95% percentile interval of the AUC when whole groups are drawn again, with replacement.

    Args:
        scores: (N,) higher means more likely a member.
        is_member: (N,) bool.
        groups: (N,) the group of each image; one group may hold members and externals.
        seed: Of the draws.
    """
    _, place = np.unique(scores, return_inverse=True)
    names, group = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)
    aucs = [_weighted_auc(place, is_member, times[group]) for times in drawn]
    low, high = np.nanquantile(aucs, [0.025, 0.975])
    return float(low), float(high)


def _weighted_auc(
    place: NDArray[np.int64], is_member: NDArray[np.bool_], times: NDArray[np.int64]
) -> float:
    """Give the AUC of images that count several times; ties count half. NaN where a side is empty."""
    members, externals = (
        np.bincount(place[side], times[side], place.max() + 1) for side in (is_member, ~is_member)
    )
    pairs = members.sum() * externals.sum()
    below = np.cumsum(externals) - externals / 2
    return float(members @ below / pairs) if pairs else float("nan")
