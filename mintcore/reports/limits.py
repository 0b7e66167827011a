"""What no report proves: arXiv 2409.19798 says why a membership test cannot be proof."""

from collections.abc import Mapping
from typing import Any

from mintcore.verdicts import SHOWN_TIERS

ALWAYS = (
    "A membership test compares how a model responds to images. A difference can come from the images themselves, not "
    "from training; that is why every figure stands beside blind baselines, which cannot know the members.",
    "This is evidence with error rates. It is not proof that any image, or any set of images, was used, and it is not "
    "proof that none was: the false-positive rate of such a test cannot be known exactly, since nobody can sample the "
    "images that might have been used and were not (arXiv 2409.19798).",
    "It speaks of this model alone: another checkpoint, another preprocessing or another version is another model.",
)
OF_AN_IMAGE = (
    "A single image's result is a statement about error rates over many images, not a fact about that image. Most "
    "members of a model that generalises well look like images that were not used.",
)
OF_A_SET = (
    "The finding speaks of the set as a whole. It does not say of any single image that it was, or was not, used.",
)
OF_SEVERAL = (
    "Of many auditors the best one looks better than it is. The one named in the answer was chosen on validation "
    "images and measured on others; the highest figure in a table was not.",
)
SHIFT_HIDES = (
    "Where a blind baseline tells the two groups apart, membership cannot be seen, whether it is there or not. Only "
    "external images of the members' own source can decide."
)


def further_limits(tier: str, auditor: Mapping[str, Any]) -> list[str]:
    """List what else a finding does not prove, by its tier and the auditor behind it.

    Args:
        tier: The wording tier of the finding.
        auditor: Card of the auditor.
    """
    said = [] if tier in SHOWN_TIERS or tier == "no evidence" else [SHIFT_HIDES]
    if auditor.get("overlap", {}).get("allowed"):
        said.append(
            "Members and externals of the auditor overlapped, and it was asked to go on: the same images were left "
            "out of both, near-duplicates were kept on one side of the split."
        )
    if any(rate is None for rate in auditor["low_fpr"]):
        said.append(
            f"With {auditor['n_externals']:,} held-out externals, very low false-positive rates cannot be measured: "
            "nothing is said about them."
        )
    return said
