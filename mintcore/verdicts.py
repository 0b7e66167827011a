"""All wording of findings, in one place, so that it is reviewed in one place.

A finding is evidence with its error rates, never proof: a high score can come from a difference between the images that
has nothing to do with membership (2409.19798; 2406.16201). So the tier is tied to what blind baselines reach.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mintcore.counted import counted

if TYPE_CHECKING:  # scipy takes a second to import, and pages show verdicts
    from mintcore.evaluation.intervals import Interval

BLIND_AUC_CAP = 0.55
MODERATE_FROM = 0.05
STRONG_FROM = 0.15
SIGNIFICANCE = 0.05
FALSE_DISCOVERY_RATE = 0.1
"""Share of wrong ones, on average, that is accepted among images or groups that are named."""
SMALLEST_P = 1e-16
CLEAR_DRIFT = 0.1
"""Distance between score distributions below which even a certain drift is no reason for a warning."""


class Tier(StrEnum):
    """How far the evidence of an experiment reaches, weakest first."""

    NO_EVIDENCE = "no evidence"
    DATASET_SHIFT = "dataset shift: membership not shown"
    WEAK = "weak"
    MODERATE = "moderate"
    STRONG = "strong"


SHOWN_TIERS = (Tier.WEAK, Tier.MODERATE, Tier.STRONG)
"""Tiers at which membership was shown."""

MEANING = {
    Tier.NO_EVIDENCE: (
        "The auditor does no better than baselines that cannot know the members. This experiment found no trace of "
        "membership; that is not proof that there is none."
    ),
    Tier.DATASET_SHIFT: (
        "A baseline that cannot know the members tells the two groups apart as well. They differ as collections of "
        "images, so membership cannot be shown here. Repeat the test with external images from the same source as "
        "the members."
    ),
    Tier.WEAK: (
        "The auditor is ahead of every blind baseline, by a little. Over many images this is a trace of membership; "
        "for a single image it says next to nothing."
    ),
    Tier.MODERATE: (
        "The auditor is clearly ahead of every blind baseline. The model treats its training images differently; a "
        "single image's result is still often wrong."
    ),
    Tier.STRONG: (
        "The auditor is far ahead of every blind baseline. The model treats its training images very differently. "
        "How much a single image's result is worth is another question: see the true-positive rate at 1% false "
        "positives."
    ),
}

_ARTICLES = {"member": "a", "external": "an"}

GUESSED_LABEL = (
    "This auditor was trained with the images' true labels. That of a single image is not known, so the class that the "
    "model predicts stood in for it: an image that the model gets wrong scores too high."
)


@dataclass(frozen=True)
class Verdict:
    """One finding in words.

    Attributes:
        verdict: A few words.
        tier: The wording tier of the experiment behind it.
        meaning: What it means and does not mean, in plain language.
    """

    verdict: str
    tier: Tier
    meaning: str


def tier_of(
    auc_ci: "Interval",
    advantage: float,
    advantage_ci: "Interval",
    blind_auc_cis: "Sequence[Interval]",
) -> Tier:
    """Choose the wording tier of an experiment.

    Args:
        auc_ci: Interval of the auditor's AUC.
        advantage: Auditor minus best blind baseline.
        advantage_ci: Its interval.
        blind_auc_cis: Interval of each blind baseline's AUC. One that is clearly below chance has found a difference
            between the groups just as one that is clearly above.
    """
    if any(low > BLIND_AUC_CAP or high < 1 - BLIND_AUC_CAP for low, high in blind_auc_cis):
        return Tier.DATASET_SHIFT
    if auc_ci[0] <= 0.5 or advantage_ci[0] <= 0:
        return Tier.NO_EVIDENCE
    if advantage < MODERATE_FROM:
        return Tier.WEAK
    return Tier.MODERATE if advantage < STRONG_FROM else Tier.STRONG


def null_remark(auc: float, interval: "Interval") -> str:
    """Say that the label-permutation null failed.

    Args:
        auc: What the auditor reaches when it is fitted and tested on permuted labels.
        interval: Its 99% interval, which excludes one half.
    """
    return (
        f"Fitted on labels that were shuffled, the auditor reaches an AUC of {auc:.3f} (99% interval "
        f"{interval[0]:.3f} to {interval[1]:.3f}), where 0.5 is the only right answer. Something ties the images "
        "together that the split does not know of, such as copies or one subject in many images: do not rely on this "
        "auditor's figures until that is found. One experiment in a hundred shows this by chance alone."
    )


def image_verdict(tier: Tier, p_value: float) -> Verdict:
    """Put the result for one image into words.

    Args:
        tier: The tier of the auditor that scored it.
        p_value: Its conformal p-value against held-out externals.
    """
    if tier in (Tier.NO_EVIDENCE, Tier.DATASET_SHIFT):
        return Verdict(
            "cannot tell", tier, "This auditor cannot judge single images. " + MEANING[tier]
        )
    rarity = f"{p_value:.1%} of held-out external images score at least as high as this one."
    if p_value <= SIGNIFICANCE:
        return Verdict("looks like a member", tier, f"{rarity} {MEANING[tier]}")
    return Verdict(
        "no sign of membership",
        tier,
        f"{rarity} Its score is usual for images that were not used. Members often look like this too, so it does "
        "not show that the image was not used.",
    )


def dataset_verdict(tier: Tier, p_value: float, share_ci: "Interval | None") -> Verdict:
    """Put the result for a whole dataset into words.

    Args:
        tier: The tier of the set's own comparison with held-out externals.
        p_value: One-sided test of the set's scores against held-out externals.
        share_ci: Interval of the share of members, where it could be measured.
    """
    if tier is Tier.DATASET_SHIFT:
        return Verdict("cannot tell: the set differs from the externals", tier, MEANING[tier])
    if tier is Tier.NO_EVIDENCE or p_value > SIGNIFICANCE:
        return Verdict(
            "no evidence that this set was used",
            Tier.NO_EVIDENCE,
            f"Its scores are not above those of held-out external images beyond chance or beyond what blind baselines "
            f"reach ({_p(p_value)}). That is not proof that it was not used.",
        )
    share = (
        f" The share of members is estimated between {share_ci[0]:.0%} and {share_ci[1]:.0%}."
        if share_ci
        else " The share of members could not be measured."
    )
    return Verdict(
        f"{tier.value} evidence that members are in this set",
        tier,
        f"Its scores are above those of held-out external images ({_p(p_value)}).{share} {MEANING[tier]}",
    )


def is_clear_drift(drift: Mapping[str, Any], tests: int = 1) -> bool:
    """Tell whether a set drifted from the externals beyond chance, and far enough to matter.

    Args:
        drift: ``from_held_out`` and ``p_value``, as ``mintcore.evaluation.drift`` has them.
        tests: How many such tests are made together.
    """
    return bool(drift["p_value"] <= SIGNIFICANCE / tests and drift["from_held_out"] >= CLEAR_DRIFT)


def drift_remark(drift: Mapping[str, Any]) -> str:
    """Warn that the audited set differs, as images, from those that the auditor was made with.

    Args:
        drift: ``network`` and its distances.
    """
    return (
        f"The audited set has drifted from the auditor's externals: the blind baseline with {drift['network']}, which "
        f"cannot know the members, scores it {drift['from_training']:.2f} away from the externals in training, where "
        f"{drift['expected']:.2f} is usual for externals it has not seen (Kolmogorov-Smirnov distance; "
        f"{drift['from_held_out']:.2f} from the latter, {_p(drift['p_value'])}). The images differ, so the auditor "
        "works outside what it was tested on: prefer one whose externals are from the source of this set."
    )


def discoveries_note(audit: Mapping[str, Any]) -> str:
    """Say how many images of a set can be named, and what that means.

    Args:
        audit: The audit's card.
    """
    found, rate = audit["discoveries"], audit["discovery_rate"]
    if found is None:
        return "No single image is named: high scores are not shown to come from membership here."
    lowest = 1 / (1 + audit["n_externals"])
    if not found:
        return (
            f"No single image can be named at a false-discovery rate of {rate:.0%}. That is usual, even where a large "
            f"share was used: an auditor whose AUC is not near 1 shows it over many images, not in one, and with "
            f"{audit['n_externals']:,} held-out externals no p-value is below {lowest:.2g}."
        )
    images = "1 image is" if found == 1 else f"{found:,} images are"
    return (
        f"{images} named at a false-discovery rate of {rate:.0%}: on average, at most that share of the images named "
        "was not used. The others are not cleared by it."
    )


def groups_note(audit: Mapping[str, Any]) -> str:
    """Say how a table of labels and identities is to be read.

    Args:
        audit: The audit's card.
    """
    if audit["discoveries"] is None:
        return (
            "No group is named: here high scores are not shown to come from membership. The blind AUC beside each "
            "says how far the group differs as images."
        )
    return (
        f"A group is named where its q is at most {FALSE_DISCOVERY_RATE:g} and its blind AUC is near 0.5: where that "
        "is as far from 0.5 as the auditor's, the images differ and membership is not shown. A label is compared "
        "with externals of the same label; an identity counts once among the other identities."
    )


def known_to_auditor(finding: Mapping[str, Any]) -> str | None:
    """Say that an image is among those an auditor was made with; None where it is not.

    Args:
        finding: ``registered_as`` and ``registered_part``, as ``mintcore.image_audit`` has them.
    """
    if not finding["registered_as"]:
        return None
    what = f"{_ARTICLES[finding['registered_as']]} {finding['registered_as']}"
    if finding["registered_part"] == "test":
        return (
            f"This very image is {what} that this auditor held out for its test: what it says of it is as good as of a "
            "new image."
        )
    use = "trained on" if finding["registered_part"] == "train" else "chosen with"
    return f"This auditor was {use} this very image, as {what}: its score says less than that of a new image."


def copy_found(copy: Mapping[str, Any]) -> str:
    """Say that an image, or one like it, is registered.

    Args:
        copy: ``exact``, ``mirrored``, ``membership`` and ``dataset``, as ``mintcore.datasets.copies`` has them.
    """
    near = "A mirrored near-duplicate of it" if copy["mirrored"] else "A near-duplicate of it"
    what = "This very image" if copy["exact"] else near
    if copy["membership"] not in _ARTICLES:
        return (
            f"{what} is registered in {copy['dataset']}, which does not say whether it is a member."
        )
    article = _ARTICLES[copy["membership"]]
    return f"{what} is registered as {article} {copy['membership']} in {copy['dataset']}."


def no_copy_found(compared: int) -> str:
    """Say that an image is not among the registered ones.

    Args:
        compared: How many these are.
    """
    return (
        f"Neither this image nor a near-duplicate of it is among the {compared:,} registered images. That says nothing "
        "of images that are not registered."
    )


def sources_note(source: str, tiers: Sequence[str], told_apart: int) -> str:
    """Say what the tests against externals of one kind of source show.

    Args:
        source: "same source" as the members, or "other source".
        tiers: The tier of each test.
        told_apart: In how many of them a blind baseline clearly tells members and externals apart.
    """
    shown = sum(tier in SHOWN_TIERS for tier in tiers)
    found = (
        f"{source.capitalize()}: membership is shown in {shown} of {counted(len(tiers), 'test')}"
    )
    if not told_apart:
        control = f"{found}. No blind baseline clearly tells members and externals apart"
        if shown:
            return f"{control}, so what the auditor is ahead by comes from the model."
        return f"{control}, and the auditor does no better than they do."
    return (
        f"{found}. In {told_apart} of them a blind baseline tells members and externals apart: they differ as "
        "collections of images, so whatever the auditor reaches there, membership is not shown."
    )


def methods_note(
    auditor: str, auc: float, method: str, method_auc: float, lead_ci: "Interval"
) -> str:
    """Say how an auditor stands against the best of the methods of others on the same images.

    Args:
        auditor: Name of the auditor, chosen on the validation images.
        auc: Its AUC.
        method: Name of the method with the highest AUC.
        method_auc: That AUC.
        lead_ci: Interval of the difference.
    """
    if lead_ci[0] > 0:
        stands = "is ahead of every method of others"
    elif lead_ci[1] < 0:
        stands = "is behind the best method of others"
    else:
        stands = "is not clearly ahead of the best method of others, nor behind it"
    return (
        f"{auditor} {stands}: AUC {auc:.3f} against {method_auc:.3f} of {method}, a difference between "
        f"{lead_ci[0]:+.3f} and {lead_ci[1]:+.3f}. The auditor learned from known members, which most of the others do "
        "not need."
    )


def _p(value: float) -> str:
    """Write a p-value; far below any error of its approximation its figures say nothing."""
    return f"p = {value:.2g}" if value >= SMALLEST_P else f"p < {SMALLEST_P:.0e}"
