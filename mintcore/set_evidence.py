"""What the scores of an audited set say: was it used, what share of it, which images, and is it comparable at all."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from mintcore.auditors.calibration import calibrated
from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.finding import compare
from mintcore.evaluation.drift import score_drift
from mintcore.evaluation.effect_size import cliffs_delta
from mintcore.evaluation.metrics import set_p_value
from mintcore.evaluation.quantification import Share, counted_share, mixture_share
from mintcore.evaluation.ranks import conformal_p_values
from mintcore.verdicts import (
    FALSE_DISCOVERY_RATE,
    SHOWN_TIERS,
    Tier,
    dataset_verdict,
    drift_remark,
    is_clear_drift,
)
from store.artefacts import Card

MIN_IMAGES = 20
ADJUSTED_COUNT, MIXTURE = "adjusted count", "mixture"
HEADLINE_SHARE = MIXTURE
"""Fixed, whatever the two say: simulated at AUCs of .64 to .96, its intervals are the narrower ones."""


@dataclass(frozen=True)
class Sides:
    """Finite scores of an audited set and of what it is compared with.

    Attributes:
        audited: The auditor and each blind baseline -> (N,) scores of the audited set.
        externals: The same networks -> (M,) scores of the externals that the auditor held out.
        training: The same networks -> (T,) scores of the externals that it was trained on.
        members: (P,) the auditor's scores of the members that it held out.
    """

    audited: Mapping[str, np.ndarray]
    externals: Mapping[str, np.ndarray]
    training: Mapping[str, np.ndarray]
    members: np.ndarray

    @property
    def blind(self) -> list[str]:
        """Names of the blind baselines."""
        return [name for name in self.audited if name != AUDITOR]


def set_evidence(card: Card, sides: Sides) -> dict[str, Any]:
    """Weigh an audited set as a whole.

    Where the comparison or the auditor itself does not show membership, single images cannot be named, nor is there a
    share that is clearly above 0: both would take what tells the two groups apart for membership.

    Args:
        card: The auditor's card.
        sides: The scores, with at least ``MIN_IMAGES`` audited images and held-out externals.

    Returns:
        The fields of the audit's card, JSON values.
    """
    figures = _compared(card, sides)
    p_value = set_p_value(sides.audited[AUDITOR], sides.externals[AUDITOR])
    effect = cliffs_delta(sides.audited[AUDITOR], sides.externals[AUDITOR])
    shows = card["tier"] in SHOWN_TIERS and figures["tier"] != Tier.DATASET_SHIFT
    shares = _shares(card, sides) if shows else {ADJUSTED_COUNT: None, MIXTURE: None}
    headline = shares[HEADLINE_SHARE]
    verdict = dataset_verdict(
        Tier(figures["tier"]), p_value, headline.interval if headline else None
    )
    if verdict.tier not in SHOWN_TIERS:
        shares = {name: _if_near_zero(each) for name, each in shares.items()}
    share = shares[HEADLINE_SHARE]
    drift = _drift(sides)
    return {
        **figures,
        "p_value": p_value,
        "cliffs_delta": effect.value,
        "cliffs_delta_ci": effect.interval,
        "shares": {name: asdict(each) if each else None for name, each in shares.items()},
        "share": asdict(share) if share else None,
        "share_method": HEADLINE_SHARE,
        "discoveries": _discoveries(sides) if shows and verdict.tier in SHOWN_TIERS else None,
        "discovery_rate": FALSE_DISCOVERY_RATE,
        "drift": drift,
        "remarks": [drift_remark(row) for row in _clearest(drift)],
        "n_training_externals": len(sides.training[AUDITOR]),
        "verdict": verdict.verdict,
        "tier": verdict.tier.value,
        "meaning": verdict.meaning,
    }


def image_q_values(p_values: np.ndarray) -> np.ndarray:
    """The smallest false-discovery rate at which each image would be found (Benjamini and Hochberg 1995).

    Conformal p-values share their externals and so depend on each other, in the way that the procedure allows (Bates,
    Candes, Lei, Romano and Sesia 2023, "Testing for outliers with conformal p-values", theorem 2).

    Args:
        p_values: (N,) conformal p-values.
    """
    return np.asarray(stats.false_discovery_control(p_values, method="bh"))


def _compared(card: Card, sides: Sides) -> dict[str, Any]:
    n_audited, n_externals = len(sides.audited[AUDITOR]), len(sides.externals[AUDITOR])
    is_audited = np.arange(n_audited + n_externals) < n_audited
    both = {
        name: np.concatenate([sides.audited[name], sides.externals[name]]) for name in sides.audited
    }
    figures = compare(both, is_audited, card["threshold"], card["seed"])
    if card["tier"] == Tier.DATASET_SHIFT:  # such an auditor knows the database, not the members
        figures |= {"tier": card["tier"], "meaning": card["meaning"]}
    return figures


def _shares(card: Card, sides: Sides) -> dict[str, Share | None]:
    """Estimate the share in both ways; neither can where next to no member is left to measure by."""
    if len(sides.members) < MIN_IMAGES:
        return {ADJUSTED_COUNT: None, MIXTURE: None}
    groups = (sides.audited[AUDITOR], sides.members, sides.externals[AUDITOR])
    return {
        ADJUSTED_COUNT: counted_share(*groups, card["threshold"]),
        MIXTURE: mixture_share(*(calibrated(group, card["calibration"]) for group in groups)),
    }


def _if_near_zero(share: Share | None) -> Share | None:
    """Keep a share that may be 0, which says how large it is at most."""
    return share if share and share.interval[0] <= 0 else None


def _discoveries(sides: Sides) -> int:
    """Count the images that are found at the accepted false-discovery rate."""
    p_values = conformal_p_values(sides.audited[AUDITOR], sides.externals[AUDITOR])
    return int((image_q_values(p_values) <= FALSE_DISCOVERY_RATE).sum())


def _drift(sides: Sides) -> list[dict[str, Any]]:
    """Measure the drift of each network's scores; only the blind ones cannot take membership for drift."""
    return [
        {
            "network": name,
            "blind": name != AUDITOR,
            **asdict(score_drift(sides.audited[name], sides.externals[name], sides.training[name])),
        }
        for name in (*sides.blind, AUDITOR)
    ]


def _clearest(drift: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the blind baseline that drifted most, where one clearly did; Bonferroni's bound over the baselines."""
    blind = [row for row in drift if row["blind"]]
    clear = [row for row in blind if is_clear_drift(row, len(blind))]
    return sorted(clear, key=lambda row: -row["from_held_out"])[:1]
