"""Figures of auditors, layer by layer, as rows of charts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.charts.depth import runs
from dashboard.wording import auditor_name, interval, signed, signed_interval

Card = Mapping[str, Any]
Series = Mapping[str, Sequence[Card]]
"""Kind and view -> the auditors of single layers, in the order of the layers."""
Measured = tuple[float, float | None, float | None]
"""A value with the ends of its 95% interval, where it has one."""

AUDITOR_ROLE = "auditor"
BLIND_ROLE = "best blind baseline"
ADVANTAGE = "advantage"


@dataclass(frozen=True)
class Figure:
    """A figure of an auditor that can be chosen.

    Attributes:
        title: What it is.
        chance: What an auditor reaches that knows nothing.
        at_fpr: The false-positive rate it is taken at; None for other figures.
    """

    title: str
    chance: Callable[[Card], float]
    at_fpr: float | None = None


def _larger_group(card: Card) -> float:
    both = card["n_members"], card["n_externals"]
    return float(max(both) / sum(both))


FIGURES = {
    "auc": Figure("AUC", lambda card: 0.5),
    "accuracy": Figure("accuracy", _larger_group),
    "balanced_accuracy": Figure("balanced accuracy", lambda card: 0.5),
    "tpr_1": Figure("TPR at 1% FPR", lambda card: 0.01, 0.01),
    "tpr_01": Figure("TPR at 0.1% FPR", lambda card: 0.001, 0.001),
}
"""Key -> figure; a card of an earlier version has not all of them."""


def figures_of(auditors: Sequence[Card]) -> list[str]:
    """List the figures that the cards of some auditors have."""
    return [key for key in FIGURES if any(of_auditor(card, key) for card in auditors)]


def of_auditor(card: Card, figure: str) -> Measured | None:
    """Give a figure of an auditor; None where its card lacks it."""
    at_fpr = FIGURES[figure].at_fpr
    if at_fpr is None:
        return (card[figure], *card[f"{figure}_ci"]) if figure in card else None
    rates = [rate for rate in card.get("low_fpr", ()) if rate and rate["asked_fpr"] == at_fpr]
    return (rates[0]["tpr"], *rates[0]["tpr_ci"]) if rates else None


def of_blind(card: Card, figure: str) -> Measured | None:
    """Give a figure of the best blind baseline; a rate is read off its ROC curve and has no interval."""
    at_fpr = FIGURES[figure].at_fpr
    if figure == "auc":
        return (card["blind_auc"], *card["blind_auc_ci"])
    if at_fpr is None or of_auditor(card, figure) is None:
        return None
    curves = [blind["roc"] for blind in card["blind"] if blind["name"] == card["best_blind"]]
    return (max(tpr for fpr, tpr in curves[0] if fpr <= at_fpr), None, None) if curves else None


def figure_rows(series: Series, layers: Sequence[str], figure: str) -> pd.DataFrame:
    """Give two rows an auditor that has the figure: its own, and that of its best blind baseline."""
    rows = []
    for card, place in _placed(series, layers):
        for role, measured in (
            (AUDITOR_ROLE, of_auditor(card, figure)),
            (BLIND_ROLE, of_blind(card, figure)),
        ):
            rows += [place | _row(card, role, measured)] if measured else []
    return pd.DataFrame(rows, columns=[*_PLACE, *_ROW])


def advantage_rows(series: Series, layers: Sequence[str]) -> pd.DataFrame:
    """Give a row an auditor, with its advantage."""
    rows = [
        place | _row(card, ADVANTAGE, (card["advantage"], *card["advantage_ci"]))
        for card, place in _placed(series, layers)
    ]
    return pd.DataFrame(rows, columns=[*_PLACE, *_ROW])


def several_rows(several: Sequence[Card], figure: str) -> pd.DataFrame:
    """Give a row an auditor of several sources, which belongs to no layer; ``figure`` can be ``ADVANTAGE``."""
    rows = []
    for card in several:
        measured = (
            (card["advantage"], *card["advantage_ci"])
            if figure == ADVANTAGE
            else of_auditor(card, figure)
        )
        if measured:
            written = signed(measured[0]) if figure == ADVANTAGE else f"{measured[0]:.3f}"
            text = f"{auditor_name(card)}: {written}"
            rows.append(_row(card, auditor_name(card), measured) | {"text": text})
    return pd.DataFrame(rows, columns=[*_ROW, "text"])


def layer_texts(
    series: Series, layers: Sequence[str], figure: str
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Write all that is known of each layer: a row a layer, which any chart over the layers shows.

    Returns:
        The table, and the field and title of each of its columns: of one kind and view each figure has a column, of
        several each kind and view has one.
    """
    rows: dict[str, dict[str, str]] = {layer: {"layer": layer} for layer in layers}
    titles = {"layer": "layer"}
    for number, (name, cards) in enumerate(series.items()):
        for card in cards:
            written = _texts(card, figure)
            if len(series) > 1:
                rows[card["layer"]][f"series{number}"] = _in_one(written)
                titles[f"series{number}"] = name
            else:
                rows[card["layer"]] |= written
                titles |= {"auditor": FIGURES[figure].title} | _TITLES
    table = pd.DataFrame(list(rows.values()), columns=list(titles))
    return table.fillna("not trained"), list(titles.items())


_PLACE = ("series", "run", "alone")
_ROW = ("layer", "role", "value", "low", "high", "tier", "n_members", "n_externals", "id")
_TITLES = {
    "blind": "best blind baseline",
    "advantage": "advantage (AUC)",
    "tier": "evidence",
    "n": "n",
}


def _placed(series: Series, layers: Sequence[str]) -> list[tuple[Card, dict[str, Any]]]:
    found = []
    for name, cards in series.items():
        run_of = runs(layers, [card["layer"] for card in cards])
        for card in cards:
            run, alone = run_of[card["layer"]]
            found.append((card, {"series": name, "run": run, "alone": alone}))
    return found


def _row(card: Card, role: str, measured: Measured) -> dict[str, Any]:
    value, low, high = measured
    described = {key: card.get(key) for key in ("layer", "tier", "n_members", "n_externals", "id")}
    return described | {"role": role, "value": value, "low": low, "high": high}


def _texts(card: Card, figure: str) -> dict[str, str]:
    return {
        "auditor": _written(of_auditor(card, figure)),
        "blind": _written(of_blind(card, figure)),
        "advantage": f"{signed(card['advantage'])} ({signed_interval(card['advantage_ci'])})",
        "tier": card["tier"],
        "n": f"{card['n_members']:,} members, {card['n_externals']:,} externals",
    }


def _in_one(written: Mapping[str, str]) -> str:
    return f"{written['auditor']}; blind {written['blind']}; advantage {written['advantage']}"


def _written(measured: Measured | None) -> str:
    if measured is None:
        return "-"
    value, low, high = measured
    ends = "" if low is None or high is None else f" ({interval((low, high))})"
    return f"{value:.3f}{ends}"
