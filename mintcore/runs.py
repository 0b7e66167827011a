"""Trained auditors beside each other: what they were made with, and whether their figures can be compared."""

from collections.abc import Mapping, Sequence
from typing import Any

from mintcore.auditors.cards import keys_of_network
from mintcore.datasets.names import joint_name
from mintcore.library import external_datasets
from mintcore.models.layers import POOLED

_LISTED = 3

_FIT = {
    "epochs": "epochs at most",
    "patience": "patience",
    "batch_size": "batch size",
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
}


def settings_of(card: Mapping[str, Any]) -> dict[str, str]:
    """Write what an auditor was made with, from its card: name of a setting -> its value."""
    settings = {
        "model": card["model"],
        "model fingerprint": str(card["model_fingerprint"])[:12]
        if "model_fingerprint" in card
        else "–",
        "layer": card["layer"],
        "kind": card["auditor_kind"],
        "view": card["view"] or "several",
        "reads": _reads(card),
        "members": card["made_from"]["members"]["dataset"],
        "externals": joint_name(external_datasets(dict(card))),
        "reference model": card["reference"] or "none",
        "side of the maps": str(card["map_side"]),
        "seeds": ", ".join(map(str, card.get("seeds", [card["seed"]]))),
        "overlap allowed": "yes" if card.get("overlap", {}).get("allowed") else "no",
        "settings searched": "yes" if card.get("search") else "no",
        "device": str(card.get("device", "–")),
    }
    fit = card.get("settings", {})
    return settings | {words: f"{fit[name]:g}" for name, words in _FIT.items() if name in fit}


def _reads(card: Mapping[str, Any]) -> str:
    """Name the arrays that an auditor reads; of many, those that are not simply a layer's mean."""
    keys = keys_of_network(card["networks"]["auditor"])
    if len(keys) <= _LISTED:
        return ", ".join(keys)
    special = [key for key in keys if not key.endswith(f"/{POOLED}")]
    return f"{len(keys)} arrays" + (f", {', '.join(special)} among them" if special else "")


def differing_settings(cards: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """List the settings in which auditors differ, with the value of each auditor; "–" where a card does not tell."""
    told = [settings_of(card) for card in cards]
    names = dict.fromkeys(name for settings in told for name in settings)
    values = {name: [settings.get(name, "–") for settings in told] for name in names}
    return {name: each for name, each in values.items() if len(set(each)) > 1}


def split_of(card: Mapping[str, Any]) -> tuple[Any, ...]:
    """Say what decides which images an auditor held out: two with the same were tested on the same images."""
    made_from = card["made_from"]
    sides = (made_from["members"]["fingerprint"], made_from["external"]["fingerprint"])
    return (*sides, card["seed"], bool(card.get("overlap", {}).get("allowed")))


def same_test(cards: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether auditors were tested on the same held-out images."""
    return len({split_of(card) for card in cards}) <= 1
