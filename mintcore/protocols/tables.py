"""The lines of a protocol's table, read off cards."""

from collections.abc import Mapping, Sequence
from typing import Any

from mintcore.auditors import OF_SEVERAL
from store.artefacts import Card

AUDITOR, METHOD, REFUSED = "auditor", "method", "refused"
FPRS = (0.01, 0.001)
COLUMNS = (
    "case",
    "model",
    "members",
    "external",
    "role",
    "what",
    "layer",
    "view",
    "auditor_kind",
    "auc",
    "auc_low",
    "auc_high",
    "tpr_1pct",
    "tpr_1pct_low",
    "tpr_1pct_high",
    "tpr_01pct",
    "tpr_01pct_low",
    "tpr_01pct_high",
    "best_blind",
    "blind_auc",
    "blind_low",
    "blind_high",
    "advantage",
    "advantage_low",
    "advantage_high",
    "tier",
    "expected",
    "seed_auc_sd",
    "null_auc",
    "validation_auc",
    "n_members",
    "n_externals",
    "seconds",
    "forward_passes",
    "models_trained",
    "source",
    "artefact",
    "said",
)
"""Columns of ``table.csv``, and keys of each line; None where a line has no such figure."""

Row = dict[str, Any]


def row(**figures: Any) -> Row:
    """Make a line; what is not given is None."""
    return dict.fromkeys(COLUMNS) | figures


def auditor_line(card: Card, passes: int = 1, source: str | None = None) -> Row:
    """Make the line of an auditor.

    Args:
        card: Its card.
        passes: Forward passes of the audited model an image.
        source: What an auditor of several sources leans on.
    """
    of_several = card["auditor_kind"] in OF_SEVERAL
    return row(
        model=card["model"],
        members=card["made_from"]["members"]["dataset"],
        external=card["made_from"]["external"]["dataset"],
        role=AUDITOR,
        what=card["auditor_kind"]
        if of_several
        else f"{card['layer']}, {card['view']}, {card['auditor_kind']}",
        layer=None if of_several else card["layer"],
        view=None if of_several else card["view"],
        auditor_kind=card["auditor_kind"],
        **_figures(card),
        best_blind=card["best_blind"],
        **_interval("blind", card["blind_auc_ci"]),
        blind_auc=card["blind_auc"],
        advantage=card["advantage"],
        **_interval("advantage", card["advantage_ci"]),
        tier=card["tier"],
        seed_auc_sd=card.get("seed_auc_sd"),
        null_auc=card.get("null_auc"),
        validation_auc=card["validation_auc"],
        n_members=card["n_members"],
        n_externals=card["n_externals"],
        seconds=card["seconds"],
        forward_passes=passes,
        models_trained=0,
        source=source,
        artefact=card["id"],
    )


def method_lines(card: Card) -> list[Row]:
    """Make a line for each method of an artefact of methods."""
    return [_method_line(card, found) for found in card["rows"]]


def refusal(model: str, external: str, sentence: str) -> Row:
    """Make the line of what cannot be measured, with the sentence that says why."""
    return row(model=model, external=external, role=REFUSED, what="no figure", said=sentence)


def _method_line(card: Card, found: Mapping[str, Any]) -> Row:
    return row(
        model=card["model"],
        members=card["made_from"]["members"]["dataset"],
        external=card["made_from"]["external"]["dataset"],
        role=METHOD,
        what=found["method"],
        **_figures(found),
        n_members=found["n_members"],
        n_externals=found["n_externals"],
        forward_passes=found["forward_passes"],
        models_trained=found["models_trained"],
        source=found["source"],
        artefact=card["id"],
    )


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Give the figures that auditors and methods share."""
    rates = {rate["asked_fpr"]: rate for rate in found["low_fpr"] if rate is not None}
    figures = {"auc": found["auc"], **_interval("auc", found["auc_ci"])}
    for fpr, name in zip(FPRS, ("tpr_1pct", "tpr_01pct"), strict=True):
        if fpr in rates:
            figures |= {name: rates[fpr]["tpr"], **_interval(name, rates[fpr]["tpr_ci"])}
    return figures


def _interval(name: str, interval: Sequence[float]) -> dict[str, float]:
    return {f"{name}_low": interval[0], f"{name}_high": interval[1]}
