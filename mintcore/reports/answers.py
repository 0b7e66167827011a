"""The answer of a report in one sentence, with its wording tier; the verdicts are worded in ``mintcore.verdicts``."""

from collections.abc import Mapping, Sequence
from typing import Any

from mintcore.verdicts import SHOWN_TIERS

_OF_AN_IMAGE = {
    "looks like a member": "To this auditor the image looks like one that was used",
    "no sign of membership": "This auditor finds no sign that the image was used, which does not show that it was not",
    "cannot tell": "This auditor cannot tell whether the image was used",
}


def dataset_answer(card: Mapping[str, Any]) -> str:
    """Answer whether a dataset was used.

    Args:
        card: The audit's card.
    """
    verdict = card["verdict"]
    return f"{verdict[:1].upper()}{verdict[1:]} (wording tier: {card['tier']})."


def image_answer(card: Mapping[str, Any]) -> str:
    """Answer whether an image was used.

    Args:
        card: The audit's card.
    """
    return f"{_OF_AN_IMAGE[card['verdict']]} (wording tier of the auditor: {card['tier']})."


def sweep_answer(auditors: Sequence[Mapping[str, Any]], chosen: Mapping[str, Any]) -> str:
    """Answer whether a model shows its training images, and where.

    Args:
        auditors: Cards of all auditors of the sweep.
        chosen: The one that was chosen on validation images.
    """
    shown = sum(card["tier"] in SHOWN_TIERS for card in auditors)
    low, high = chosen["advantage_ci"]
    return (
        f"Membership is shown by {shown} of {len(auditors)} auditors; the one that validation images chose, "
        f"{what_it_reads(chosen)}, is {chosen['advantage']:+.3f} ({low:+.3f} to {high:+.3f}) ahead of the best blind "
        f"baseline (wording tier: {chosen['tier']})."
    )


def protocol_answer(card: Mapping[str, Any], tiers: Mapping[str, int]) -> str:
    """Answer what a protocol asks.

    Args:
        card: The protocol's card.
        tiers: Wording tier -> in how many lines of its table it stands.
    """
    found = ", ".join(f"“{tier}” in {lines}" for tier, lines in tiers.items())
    judged = (
        "Not every finding is as it must be"
        if card["failures"]
        else "Every check of the protocol holds"
    )
    return f"{judged}; the wording tiers of its auditors: {found}."


def what_it_reads(card: Mapping[str, Any]) -> str:
    """Say which auditor of a sweep this is."""
    return (
        f"{card['auditor_kind']} on {card['layer']}" if card["view"] else str(card["auditor_kind"])
    )
