"""How something was made: model, data, split, versions, seed, device, and the command that makes it again."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from mintcore.auditors import OF_SEVERAL
from mintcore.auditors.cards import keys_of_network
from mintcore.counted import counted
from mintcore.datasets.names import parts_of
from mintcore.library import experiment_of, model_origin
from store.artefacts import Card, Home

_UNKNOWN = "not recorded"
_ARRAYS_NAMED = 6
Facts = dict[str, str]


def audit_making(home: Home, card: Card, auditor: Card) -> dict[str, Facts]:
    """Say how an audit was made, with its model, its auditor and the images of that.

    Args:
        home: The home folder.
        card: The audit's card.
        auditor: The card of its auditor.
    """
    return {
        "This audit": audit_facts(card),
        "The audited model": model_facts(home, card["model"], card["model_fingerprint"]),
        "The auditor": auditor_facts(auditor),
        "Its images": split_facts(auditor),
    }


def audit_facts(card: Card) -> Facts:
    """Say how an audit was made."""
    of = card["dataset"] if card["audit_kind"] == "dataset" else "FILE"
    return {
        "id": card["id"],
        "made": card["created"],
        "device": card.get("device", _UNKNOWN),  # earlier versions did not say
        "made again by": _command("audit", card["audit_kind"], card["auditor"], of),
        "versions": _versions(card),
    }


def auditor_facts(card: Card) -> Facts:
    """Say how an auditor was made, and on which split its figures were measured."""
    settings = card.get("settings", {})
    return {
        "id": card["id"],
        "kind": card["auditor_kind"],
        "reads": _reads(card),
        "networks": counted(len(_seeds(card)), "network") + ", an image's score is their mean",
        "seeds": ", ".join(map(str, _seeds(card))),
        "settings": ", ".join(f"{name} {value:g}" for name, value in settings.items()),
        "settings searched": "yes, on validation images" if card.get("search") else "no",
        "blind baselines": ", ".join(each["name"] for each in card["blind"]),
        "device": card.get("device", _UNKNOWN),
        "made": card["created"],
        "made again by": _training_command(card),
        "versions": _versions(card),
    }


def split_facts(card: Card) -> Facts:
    """Say which images an auditor was trained and tested on."""
    overlap = card.get("overlap", {})
    near, exact = overlap.get("near", 0), overlap.get("exact", 0)
    made_from = card["made_from"]
    return {
        "members": _side(made_from["members"]),
        "externals": _side(made_from["external"]),
        "split": "by identity where there is one, by content always, drawn by hashing with the seed: 50% training, "
        f"15% validation, 35% held out; seed {card['seed']}",
        "held out": f"{card['n_members']:,} members and {card['n_externals']:,} externals",
        "found on both sides": f"{exact:,} images and {counted(near, 'near-duplicate')}; "
        f"{overlap.get('left_out', 0):,} images were left out"
        if overlap
        else _UNKNOWN,
    }


def model_facts(home: Home, name: str, fingerprint: str) -> Facts:
    """Describe the audited model.

    Args:
        home: The home folder.
        name: Its id.
        fingerprint: What it had when it was audited.
    """
    said = {"id": name, "fingerprint": fingerprint}
    if not home.has("models", name):
        return said | {"now": "deleted since"}
    card = home.card("models", name)
    if card["fingerprint"] != fingerprint:
        return said | {"now": f"another model of this name, fingerprint {card['fingerprint']}"}
    size = " x ".join(map(str, card["preprocessing"]["size"]))
    return said | {
        "architecture": card["arch"] or "a program",
        "weights": model_origin(card) or _UNKNOWN,
        "parameters": f"{card['parameters']:,}",
        "input": f"{size} pixels, mean {card['preprocessing']['mean']}, std {card['preprocessing']['std']}",
    }


def protocol_facts(card: Card) -> Facts:
    """Say how a protocol was run."""
    machine = card["machine"]
    return {
        "id": card["id"],
        "made": card["created"],
        "machine": f"{machine['system']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
        "made again by": _command("protocol", card["protocol"], "--data", "FOLDER"),
        "versions": _versions(card),
    }


def sweep_command(swept: Sequence[Card]) -> str:
    """Give the command that trains the auditors of one layer each of a sweep again.

    Args:
        swept: The cards of its auditors.
    """
    alone = [card for card in swept if card["auditor_kind"] not in OF_SEVERAL]
    if not alone:
        return "the commands of its auditors"
    layers, kinds = (
        ",".join(dict.fromkeys(card[name] for card in alone)) for name in ("layer", "auditor_kind")
    )
    return _command("sweep", *_experiment(alone[0]), "--layers", layers, "--kinds", kinds)


def _training_command(card: Card) -> str:
    """Give the command that trains an auditor again."""
    if len(parts_of(card["made_from"]["external"])) > 1:
        return "mint compare, which trains against several datasets together"
    kind = card["auditor_kind"]
    if kind in OF_SEVERAL:
        reads = ["--sources", ",".join(keys_of_network(card["networks"]["auditor"]))]
    else:
        reads = ["--layer", card["layer"], "--view", card["view"]]
    searched = card.get("search")
    tune = ["--tune", str(len(searched["trials"]))] if searched else []
    return _command("train", *_experiment(card), "--kind", kind, *reads, *tune)


def _experiment(card: Card) -> list[str]:
    experiment = experiment_of(card)
    reference = experiment["reference"]
    return [
        experiment["model"],
        "--members",
        experiment["members"],
        "--external",
        experiment["external"],
        *(["--reference", reference] if reference else []),
        "--map-side",
        str(experiment["map_side"]),
        "--seed",
        str(experiment["seed"]),
        "--seeds",
        str(len(_seeds(card))),
        *(["--allow-overlap"] if card.get("overlap", {}).get("allowed") else []),
    ]


def _command(*words: str) -> str:
    return shlex.join(["mint", *words])


def _seeds(card: Card) -> list[int]:
    seeds: list[int] = card.get("seeds", [card["seed"]])  # earlier versions had one
    return seeds


def _reads(card: Card) -> str:
    keys = keys_of_network(card["networks"]["auditor"])
    if len(keys) <= _ARRAYS_NAMED:
        return ", ".join(keys)
    return f"{', '.join(keys[:_ARRAYS_NAMED])} and {len(keys) - _ARRAYS_NAMED} more"


def _side(side: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{part['dataset']} (fingerprint {part['fingerprint']})" for part in parts_of(side)
    )


def _versions(card: Card) -> str:
    return ", ".join(f"{name} {version}" for name, version in card["versions"].items())
