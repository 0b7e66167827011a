"""Experiments of which every true figure is known, in closed form or by integration: scores are normal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mintcore.evaluation.advantage import advantage
from mintcore.evaluation.calibration_error import BINS, calibration_error
from mintcore.evaluation.intervals import Interval
from mintcore.evaluation.metrics import ASKED_FPRS, measure
from mintcore.evaluation.quantification import Share, counted_share, mixture_share
from mintcore.evaluation.roc import RateAtFpr, balanced_threshold, measured_at, threshold_at
from mintcore.protocols.groups import interval_over_groups

COMMON_NOISE = 0.3
"""Share of the noise that an auditor and its blind baselines have in common."""
EXACT = "exact, of whole counts: may be above"
FEW = "made of exact intervals of a few whole counts: may be above"
ONE_SIDED = "the truth is at the edge: only one end can miss"
SEVERAL = "several equal baselines: may be above"
PICTURES = 5
"""Images of a group."""

Draw = Mapping[str, tuple[Interval | None, float]]
"""For each figure the interval of one experiment, and the truth; None where it cannot be measured."""


@dataclass(frozen=True)
class Experiment:
    """What can be repeated.

    Attributes:
        setting: In words.
        draw: Makes the experiment once.
        effort: Share of the rounds that it is given.
        notes: Of figures whose coverage is to be above nominal, why.
    """

    setting: str
    draw: Callable[[np.random.Generator], Draw]
    notes: Mapping[str, str]
    effort: float = 1.0


@dataclass(frozen=True)
class Groups:
    """Normal scores of members, ``distance`` above those of externals and ``spread`` times as wide.

    Attributes:
        images: Members, and as many externals.
        auc: True AUC.
        spread: Standard deviation of members.
    """

    images: int
    auc: float
    spread: float = 1.0

    @property
    def distance(self) -> float:
        """Mean of members."""
        return float(stats.norm.ppf(self.auc) * np.hypot(1, self.spread))

    @property
    def setting(self) -> str:
        """In words."""
        wide = "" if self.spread == 1 else f", members {self.spread:g} times as spread"
        return f"{self.images:,} + {self.images:,}, AUC {self.auc:g}{wide}"

    def draw(
        self, rng: np.random.Generator, images: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw scores of members and of externals."""
        count = images or self.images
        return rng.normal(self.distance, self.spread, count), rng.normal(0, 1, count)

    def above(self, threshold: float) -> tuple[float, float]:
        """True shares of members and of externals above a threshold."""
        scaled = (threshold - self.distance) / self.spread
        return float(stats.norm.sf(scaled)), float(stats.norm.sf(threshold))

    def probability(self, scores: np.ndarray, slope: float = 1.0) -> np.ndarray:
        """Give the probabilities of membership whose logits are ``slope`` times the right ones, for a spread of 1."""
        logits = self.distance * (scores - self.distance / 2)
        return np.asarray(1 / (1 + np.exp(-slope * logits)))


def experiments() -> Iterator[Experiment]:
    """Give all experiments."""
    for groups in (
        Groups(3500, 0.55),
        Groups(3500, 0.7),
        Groups(3500, 0.7, 1.5),
        Groups(200, 0.75),
        Groups(200, 0.99),
        Groups(3500, 0.99),
    ):
        yield _figures(groups)
    for groups, slope in (
        (Groups(3500, 0.7), 1.0),
        (Groups(3500, 0.7), 1.5),
        (Groups(200, 0.75), 1.5),
        (Groups(200, 0.99), 0.5),
    ):
        yield _calibration(groups, slope)
    for images, aucs in (
        (3500, (0.55, 0.52)),
        (3500, (0.7, 0.6, 0.6, 0.5)),
        (200, (0.75, 0.5)),
        (200, (0.99, 0.94)),
    ):
        yield _advantage(images, aucs)
    for groups, audited, share in (
        (Groups(3500, 0.55), 2000, 0.5),
        (Groups(3500, 0.7), 1000, 0.3),
        (Groups(200, 0.75), 200, 0.5),
        (Groups(200, 0.99), 200, 0.05),
        (Groups(3500, 0.7), 1000, 0.0),
    ):
        yield _share(groups, audited, share)
    for groups in (Groups(200, 0.75), Groups(1000, 0.6)):
        yield _over_groups(groups)


def _figures(groups: Groups) -> Experiment:
    """All figures of an auditor's card, with thresholds that were chosen on as many other images."""
    is_member = np.arange(2 * groups.images) < groups.images
    equal_error = float(stats.norm.sf(groups.distance / (1 + groups.spread)))

    def draw(rng: np.random.Generator) -> Draw:
        seen, scores = groups.draw(rng), np.concatenate(groups.draw(rng))
        threshold = balanced_threshold(*seen)
        found = measure(scores, is_member, threshold)
        true, false = groups.above(threshold)
        right = (true + 1 - false) / 2
        return {
            "AUC": (found.auc_ci, groups.auc),
            "accuracy": (found.accuracy_ci, right),
            "balanced accuracy": (found.balanced_accuracy_ci, right),
            "equal error rate": (found.eer_ci, equal_error),
            **_low_fpr(found.low_fpr, groups),
            **_chosen(scores, is_member, seen[1], groups),
        }

    exact = [f"{rate} at a chosen threshold" for rate in ("TPR", "FPR")]
    notes = dict.fromkeys(["accuracy", *exact], EXACT)
    few = {f"TPR at {fpr:.1%} FPR": FEW for fpr in ASKED_FPRS}
    return Experiment(groups.setting, draw, {**notes, **few})


def _low_fpr(rates: Sequence[RateAtFpr | None], groups: Groups) -> Draw:
    return {
        f"TPR at {fpr:.1%} FPR": (
            None if rate is None else rate.tpr_ci,
            groups.above(float(stats.norm.isf(fpr)))[0],
        )
        for fpr, rate in zip(ASKED_FPRS, rates, strict=True)
    }


def _chosen(
    scores: np.ndarray, is_member: np.ndarray, externals: np.ndarray, groups: Groups
) -> Draw:
    """Both rates at the threshold for 1% false positives that other externals gave."""
    threshold = threshold_at(externals, ASKED_FPRS[0])
    if threshold is None:
        return {}
    found = measured_at(scores, is_member, threshold)
    truths = zip(("tpr", "fpr"), groups.above(threshold), strict=True)
    return {
        f"{rate.upper()} at a chosen threshold": (found[f"{rate}_ci"], truth)
        for rate, truth in truths
    }


def _calibration(groups: Groups, slope: float) -> Experiment:
    """The calibration error of probabilities whose logits are ``slope`` times the right ones."""
    is_member = np.arange(2 * groups.images) < groups.images
    grid = np.linspace(-8, groups.distance + 8, 400_001)
    density = stats.norm.pdf(grid) + stats.norm.pdf(grid, groups.distance)
    density /= density.sum()
    place = np.minimum((BINS * np.cumsum(density)).astype(int), BINS - 1)
    surplus = groups.probability(grid, slope) - groups.probability(grid)
    truth = float(np.abs(np.bincount(place, density * surplus)).sum())

    def draw(rng: np.random.Generator) -> Draw:
        scores = np.concatenate(groups.draw(rng))
        found = calibration_error(groups.probability(scores, slope), is_member)
        return {"calibration error": (found.interval, truth)}

    notes = {"calibration error": ONE_SIDED} if slope == 1 else {}
    return Experiment(f"{groups.setting}, logits {slope:g} times the right ones", draw, notes)


def _advantage(images: int, aucs: tuple[float, ...]) -> Experiment:
    """The advantage over blind baselines, which have some noise in common with the auditor."""
    is_member = np.arange(2 * images) < images
    distances = np.sqrt(2) * stats.norm.ppf(aucs)
    truth = aucs[0] - max(aucs[1:])

    def draw(rng: np.random.Generator) -> Draw:
        common = rng.normal(size=2 * images)
        own = rng.normal(size=(len(aucs), 2 * images))
        noise = np.sqrt(COMMON_NOISE) * common + np.sqrt(1 - COMMON_NOISE) * own
        auditor, *blinds = noise + distances[:, None] * is_member
        return {"advantage": (advantage(auditor, blinds, is_member).interval, truth)}

    tied = aucs.count(max(aucs[1:])) > 1
    blind = ", ".join(f"{value:g}" for value in aucs[1:])
    setting = f"{images:,} + {images:,}, AUC {aucs[0]:g}, blind {blind}"
    return Experiment(setting, draw, {"advantage": SEVERAL} if tied else {})


def _share(groups: Groups, audited: int, share: float) -> Experiment:
    """The share of members in an audited set, by both ways."""
    used = round(share * audited)

    def draw(rng: np.random.Generator) -> Draw:
        members, externals = groups.draw(rng)
        would, not_ = groups.draw(rng, audited)
        scores = np.concatenate([would[:used], not_[used:]])
        counted = counted_share(scores, members, externals, groups.distance / 2)
        mixed = mixture_share(*(groups.probability(each) for each in (scores, members, externals)))
        return {
            "share of members, counted": (_interval(counted), share),
            "share of members, mixture": (_interval(mixed), share),
        }

    names = ("share of members, counted", "share of members, mixture")
    notes = dict.fromkeys(names, ONE_SIDED) if share in (0.0, 1.0) else {}
    return Experiment(f"{groups.setting}; {share:.0%} of {audited:,}", draw, notes)


def _over_groups(groups: Groups) -> Experiment:
    """The AUC where images come in groups, whose scores have half of their variance in common."""
    is_member = np.arange(2 * groups.images) < groups.images
    names = (np.arange(2 * groups.images) // PICTURES).astype(str)
    truth = groups.auc

    def draw(rng: np.random.Generator) -> Draw:
        common = np.repeat(rng.normal(size=2 * groups.images // PICTURES), PICTURES)
        noise = (common + rng.normal(size=2 * groups.images)) / np.sqrt(2)
        scores = noise + groups.distance * is_member
        return {"AUC over groups": (interval_over_groups(scores, is_member, names), truth)}

    setting = f"{groups.setting}, in groups of {PICTURES}"
    return Experiment(setting, draw, {}, effort=0.1)


def _interval(share: Share | None) -> Interval | None:
    return None if share is None else share.interval
