"""What is registered, as rows for people: a table for each kind of artefact, and the facts of one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboard.wording import size, when
from mintcore.library import layer_names, model_origin

Card = Mapping[str, Any]
Row = dict[str, Any]


def kind_row(kind: str, card: Card, title: str, taken: int) -> Row:
    """Give the line of an artefact in the table of its kind.

    Args:
        kind: Its kind.
        card: Its card.
        title: What people call it; empty where they do not.
        taken: Bytes on disk.
    """
    made = when(card["created"]).removesuffix(" UTC")
    known = {"title": title, "id": card["id"], "made (UTC)": made, "on disk": size(taken)}
    return known | _OF_KIND[kind](card)


def model_facts(card: Card) -> Row:
    """Give what identifies a model, in words."""
    seen = card["preprocessing"]
    facts = {
        "architecture": card["arch"],
        "input": _input(card),
        "normalised by": f"mean {_numbers(seen['mean'])}; standard deviation {_numbers(seen['std'])}",
        "classes": ", ".join(card.get("classes") or ()) or None,
        "precision": card.get("autocast"),
        "made from": model_origin(card),
        "fingerprint": card["fingerprint"],
    }
    return {name: value for name, value in facts.items() if value}


def dataset_facts(card: Card) -> Row:
    """Give where a dataset comes from, in words."""
    where = ", ".join(f"{column}={value}" for column, value in card.get("where", {}).items())
    facts = {
        "images from": card.get("source"),
        "membership by": card.get("membership"),
        "only where": where,
        "only the first": f"{card['limit']:,}" if card.get("limit") else None,
        "unreadable": f"{card['counts']['status'].get('unreadable', 0):,}",
        "labels": f"{card['counts']['labels']:,}",
        "identities": _count(card, "identities"),
        "repeat an earlier image": _count(card, "duplicates"),
        "fingerprint": card.get("fingerprint"),
    }
    return {name: value for name, value in facts.items() if value}


def layer_rows(model: Card, stores: Sequence[Mapping[str, Any]]) -> list[Row]:
    """List the layers of a model with the views of each that are stored, and of how many images.

    Args:
        model: Its card.
        stores: What its stores hold, as ``mintcore.library.store_infos`` says it.
    """
    stored: dict[str, list[str]] = {}
    for array in (array for store in stores for array in store["layers"]):
        words = f"{array['view']}: {array['rows']:,}"
        stored.setdefault(array["layer"], []).append(words)
    suggested = [
        {
            "layer": layer["name"],
            "part": layer.get("role") or "",
            "kind": layer["kind"],
            "shape": " x ".join(map(str, layer["shape"])),
            "parameters": layer["parameters"],
            "stored views: images": ", ".join(stored.pop(layer["name"], ())),
        }
        for layer in model["layers"]
    ]
    others = [
        {"layer": name, "stored views: images": ", ".join(views)} for name, views in stored.items()
    ]
    return [*suggested, *others]


def _model(card: Card) -> Row:
    return {
        "architecture": card["arch"],
        "parameters": f"{card['parameters']:,}",
        "layers": len(layer_names(dict(card))),
    }


def _dataset(card: Card) -> Row:
    counts = card["counts"]
    of_kind = counts["membership"]
    return {
        "images": counts["total"],
        "members": of_kind.get("member", 0),
        "externals": of_kind.get("external", 0),
        "unknown": of_kind.get("unknown", 0),
        "unreadable": counts.get("status", {}).get("unreadable", 0),
        "labels": counts.get("labels", 0),
    }


def _store(card: Card) -> Row:
    return {"model": card.get("model")}


def _auditor(card: Card) -> Row:
    sides = card["made_from"]
    return {
        "evidence": card["tier"],
        "members": sides["members"]["dataset"],
        "externals": sides["external"]["dataset"],
    }


def _audit(card: Card) -> Row:
    return {
        "of": card.get("dataset") or card.get("name"),
        "kind": card["audit_kind"],
        "verdict": card["verdict"],
        "auditor": card["auditor"],
    }


def _comparison(card: Card) -> Row:
    externals = ", ".join(card["external"])
    return {"model": card["model"], "members": card["members"], "externals": externals}


def _methods(card: Card) -> Row:
    sides = card["made_from"]
    return {
        "model": card["model"],
        "members": sides["members"]["dataset"],
        "externals": sides["external"]["dataset"],
        "reference models": len(card["references"]),
    }


def _overlap(card: Card) -> Row:
    return {"dataset": card["a"], "and": card["b"]}


def _protocol(card: Card) -> Row:
    return {"protocol": card["protocol"], "question": card["question"]}


_OF_KIND: dict[str, Callable[[Card], Row]] = {
    "models": _model,
    "datasets": _dataset,
    "stores": _store,
    "auditors": _auditor,
    "audits": _audit,
    "comparisons": _comparison,
    "methods": _methods,
    "overlaps": _overlap,
    "protocols": _protocol,
}


def _input(card: Card) -> str:
    seen = card["preprocessing"]
    channels = "grey" if len(seen["mean"]) == 1 else seen.get("colours", "RGB")
    return f"{' x '.join(map(str, seen['size']))} pixels, {channels}"


def _count(card: Card, name: str) -> str | None:
    count = card["counts"].get(name, 0)
    return f"{count:,}" if count else None


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
