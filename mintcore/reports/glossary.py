"""The words of a report, for readers who do not work with them every day."""

from mintcore.verdicts import MEANING, Tier

TERMS = {
    "audited model": "The vision model in question: its weights, architecture and preprocessing together, told from "
    "any other by a fingerprint over all three.",
    "member": "An image that is known to have been used to train the audited model.",
    "external": "An image that is known not to have been used to train it.",
    "auditor": "A small network that learned, from known members and externals, to tell them apart by what the "
    "audited model computes inside for an image.",
    "held out": "Kept apart while the auditor was trained and its settings were chosen: figures are measured on these "
    "images alone.",
    "score": "What the auditor says of an image; higher is more like a member.",
    "blind baseline": "The same kind of network, trained the same way on what cannot know the members: the same "
    "architecture with fresh weights, a model that never saw them, or the bare pixels. What it reaches is a "
    "difference between the images, not membership.",
    "AUC": "How often a member scores above an external image, both drawn at random: 0.5 is chance, 1 is always.",
    "advantage": "The auditor's AUC minus that of the best blind baseline. Only this is evidence of membership.",
    "true-positive rate at 1% false positives": "Share of members that are found when only one external image in a "
    "hundred is taken for a member.",
    "interval": "The range that holds the true value in 95 of 100 experiments like this one.",
    "p-value": "Of an image: the share of held-out externals that score at least as high. Of a dataset: how often "
    "images that were not used would score as high as a set by chance.",
    "q-value": "The share of wrong ones, on average, among all that are named at this value or below.",
    "share of members": "An estimate, over the whole set, of how much of it was used.",
    "effect size": "How much more often an image of the set scores above an external than below it: 0 is no "
    "difference, 1 is every image above every external (Cliff's delta).",
    "drift": "How far the scores of two groups lie apart, 0 to 1 (Kolmogorov-Smirnov distance).",
    "fingerprint": "A number worked out from the content: two that are equal mean the same content.",
    "digest": "The fingerprint of a card, the file that says what an artefact is and what it was made from.",
}
TIERS = {f"tier “{tier.value}”": MEANING[tier] for tier in Tier}
