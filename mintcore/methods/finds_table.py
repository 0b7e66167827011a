"""How many members and externals each method finds, and finds alone: one row a method, with intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mintcore.evaluation.intervals import clopper_pearson
from mintcore.evaluation.roc import rate_at_fpr
from mintcore.methods.agreement import Finds, found_by_one


def find_lines(
    finds: Finds, scores: Mapping[str, np.ndarray], is_member: np.ndarray
) -> list[dict[str, Any]]:
    """Count what is found.

    The interval of the share of members knows that the threshold is uncertain, too; those of what one method finds
    alone take the thresholds as they are (Clopper and Pearson 1934).

    Args:
        finds: From ``find_at`` on these scores.
        scores: Name -> (N,) scores.
        is_member: (N,) bool.

    Returns:
        ``method``, ``n_members``, ``n_externals`` and, for "share" (all that it finds) and "alone", of "members" and
        "externals" the share, ``_ci`` its interval and ``_count``.
    """
    only = [found_by_one(finds.members), found_by_one(finds.externals)]
    return [
        {
            "method": name,
            "n_members": finds.members.shape[1],
            "n_externals": finds.externals.shape[1],
            "share_members_count": int(finds.members[place].sum()),
            "share_externals_count": int(finds.externals[place].sum()),
            **_shares(scores[name][is_member], scores[name][~is_member], finds.fpr),
            **_alone("members", only[0][place]),
            **_alone("externals", only[1][place]),
        }
        for place, name in enumerate(finds.names)
    ]


def _shares(members: np.ndarray, externals: np.ndarray, fpr: float) -> dict[str, Any]:
    rate = rate_at_fpr(members, externals, fpr)
    if rate is None:
        raise ValueError(f"a rate of {fpr} cannot be measured, so there are no finds")
    return {
        "share_members": rate.tpr,
        "share_members_ci": rate.tpr_ci,
        "share_externals": rate.realised_fpr,
        "share_externals_ci": rate.realised_fpr_ci,
    }


def _alone(side: str, found: np.ndarray) -> dict[str, Any]:
    count = int(found.sum())
    return {
        f"alone_{side}": count / len(found),
        f"alone_{side}_ci": clopper_pearson(count, len(found)),
        f"alone_{side}_count": count,
    }
