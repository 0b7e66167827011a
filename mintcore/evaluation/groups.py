"""Which labels and which identities of an audited set look used: one test a group, with false-discovery control."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from mintcore.evaluation.intervals import auc_interval
from mintcore.evaluation.metrics import set_p_value
from mintcore.evaluation.ranks import conformal_p_values
from mintcore.evaluation.roc import auc

MIN_GROUP_IMAGES = 10

Scores = Mapping[str, np.ndarray]
Names = Sequence[str | None]
Pair = tuple[np.ndarray, np.ndarray]
"""Scores of a group, and of the externals that it is compared with."""


@dataclass(frozen=True)
class GroupFinding:
    """One group of the audited set against held-out externals.

    Attributes:
        kind: "label" or "identity".
        group: Its name.
        n: Audited images of the group.
        n_externals: Held-out externals it was compared with.
        mean_score: Of the auditor, over the group.
        auc: Of the auditor's scores, group against externals.
        cliffs_delta: The same as an effect size: 2 AUC - 1.
        blind_auc: That of a blind baseline on the same images, of several the one furthest from 0.5: below it, the
            images differ as well.
        p_value: One-sided test of "the group scores no higher than externals".
        q_value: The smallest false-discovery rate at which the group would be found, among the groups of its kind.
        auc_low: Lower end of the interval of ``auc``; None for an identity, whose images are no independent draws.
        auc_high: The upper end.
        blind_auc_low: Lower end of the interval of ``blind_auc``; None for an identity.
        blind_auc_high: The upper end.
    """

    kind: str
    group: str
    n: int
    n_externals: int
    mean_score: float
    auc: float
    cliffs_delta: float
    blind_auc: float
    p_value: float
    q_value: float
    auc_low: float | None = None
    auc_high: float | None = None
    blind_auc_low: float | None = None
    blind_auc_high: float | None = None


def by_label(
    labels: Names, scores: Scores, external_labels: Names, external_scores: Scores, auditor: str
) -> list[GroupFinding]:
    """Compare each label's audited images with the held-out externals of the same label.

    Some classes score higher than others whether they were used or not, so only their own kind is comparable. The
    p-value is Mann and Whitney's. Labels with fewer than ``MIN_GROUP_IMAGES`` on either side are left out.

    Args:
        labels: Of the N audited images.
        scores: The auditor and each blind baseline -> (N,) scores of the audited images.
        external_labels: Of the M held-out externals.
        external_scores: The same networks -> (M,) scores.
        auditor: Which of the networks is the auditor.

    Returns:
        Lowest p-value first.
    """
    known = _places(external_labels)
    found = []
    for label, own in _places(labels).items():
        if label not in known:
            continue
        external = {name: values[known[label]] for name, values in external_scores.items()}
        group = {name: values[own] for name, values in scores.items()}
        own_pair = group[auditor], external[auditor]
        furthest, blind_auc = _furthest_blind(group, external, auditor)
        finding = _finding("label", label, own_pair, blind_auc, set_p_value(*own_pair))
        intervals = _intervals(own_pair, (group[furthest], external[furthest]))
        found.append(replace(finding, **intervals))
    return _discovered(found)


def by_identity(
    identities: Names,
    scores: Scores,
    external_identities: Names,
    external_scores: Scores,
    auditor: str,
) -> list[GroupFinding]:
    """Compare each identity's audited images with the other identities among the held-out externals.

    Images of one identity look alike and score alike, so an identity counts once, however many images it has: its
    mean score is ranked among those of the external identities (a conformal p-value). External identities have fewer
    images, and an external without an identity stands alone; their means spread more, which errs on the safe side.
    Identities with fewer than ``MIN_GROUP_IMAGES`` audited images are left out. The arguments are those of `by_label`.

    Returns:
        Lowest p-value first.
    """
    groups = _places(identities)
    if not groups:
        return []
    known = _unit_means(external_identities, external_scores[auditor])
    found = []
    for identity, own in groups.items():
        group = {name: values[own] for name, values in scores.items()}
        mean = np.array([group[auditor].mean()])
        p_value = float(conformal_p_values(mean, known)[0])
        own_pair = group[auditor], external_scores[auditor]
        _, blind_auc = _furthest_blind(group, external_scores, auditor)
        found.append(_finding("identity", identity, own_pair, blind_auc, p_value))
    return _discovered(found)


def _places(names: Names) -> dict[str, np.ndarray]:
    """Give the positions of each name that is frequent enough."""
    places: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        if name is not None:
            places.setdefault(name, []).append(position)
    return {name: np.array(own) for name, own in places.items() if len(own) >= MIN_GROUP_IMAGES}


def _unit_means(identities: Names, scores: np.ndarray) -> np.ndarray:
    """Mean score of each identity; an image without one is its own."""
    units = [position if name is None else name for position, name in enumerate(identities)]
    numbers = {unit: number for number, unit in enumerate(dict.fromkeys(units))}
    of_image = np.array([numbers[unit] for unit in units])
    return np.bincount(of_image, weights=scores) / np.bincount(of_image)


def _finding(kind: str, name: str, own: Pair, blind_auc: float, p_value: float) -> GroupFinding:
    scores, external = own
    own_auc = auc(scores, external)
    return GroupFinding(
        kind=kind,
        group=name,
        n=len(scores),
        n_externals=len(external),
        mean_score=float(scores.mean()),
        auc=own_auc,
        cliffs_delta=2 * own_auc - 1,
        blind_auc=blind_auc,
        p_value=p_value,
        q_value=1.0,
    )


def _furthest_blind(group: Scores, external: Scores, auditor: str) -> tuple[str, float]:
    """Name the blind baseline whose AUC is furthest from 0.5, and give that."""
    aucs = {name: auc(group[name], external[name]) for name in group if name != auditor}
    furthest = max(aucs, key=lambda name: abs(aucs[name] - 0.5))
    return furthest, aucs[furthest]


def _intervals(own: Pair, blind: Pair) -> dict[str, Any]:
    low, high = auc_interval(*own)
    blind_low, blind_high = auc_interval(*blind)
    return {
        "auc_low": low,
        "auc_high": high,
        "blind_auc_low": blind_low,
        "blind_auc_high": blind_high,
    }


def _discovered(found: Sequence[GroupFinding]) -> list[GroupFinding]:
    """Give each group its q-value (Benjamini and Hochberg 1995), and sort them by it."""
    if not found:
        return []
    q_values = stats.false_discovery_control([each.p_value for each in found], method="bh")
    with_q = [replace(each, q_value=float(q)) for each, q in zip(found, q_values, strict=True)]
    return sorted(with_q, key=lambda each: (each.p_value, each.group))
