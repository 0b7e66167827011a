"""Which layers remember: scores over the depth of the model."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts.depth import end_of
from dashboard.charts.layer_figures import FIGURES, advantage_rows, figure_rows, figures_of
from dashboard.charts.layers import MOST_SERIES, scores_by_depth
from dashboard.parts.charts import n_note, show_chart
from dashboard.parts.choices import segments
from dashboard.parts.figures import Figure, show_figures
from dashboard.wording import ADVANTAGE_HELP, auditor_name, signed, signed_interval
from mintcore.auditors import OF_SEVERAL
from mintcore.verdicts import SHOWN_TIERS

Card = dict[str, Any]
Cards = Sequence[Card]

_BEST_HELP = (
    "The single layer whose auditor is furthest ahead of its best blind baseline. It was chosen among all of them "
    "after the fact, so its advantage is on the high side."
)
_TOGETHER_HELP = "The best auditor that reads several layers at once."
_LAYERS_HELP = (
    "Layers with at least one auditor that is clearly ahead of every blind baseline, where these find no difference "
    "between the images. Each is tested at 95%, so of many layers a few can be among them by chance."
)


def by_kind_and_view(auditors: Cards, layers: Sequence[str]) -> dict[str, list[Card]]:
    """Arrange auditors of single layers by what they are and what they read, the most layers first.

    Args:
        auditors: Cards of one experiment; of two for the same the first counts.
        layers: The model's layers, in order.

    Returns:
        Kind and view -> cards in the order of the layers.
    """
    found: dict[str, dict[str, Card]] = {}
    for card in auditors:
        if card["layer"] in layers:
            tuned = ", tuned" if card.get("search") else ""
            of_kind = found.setdefault(f"{card['auditor_kind']} of {card['view']}{tuned}", {})
            of_kind.setdefault(card["layer"], card)
    most = sorted(found, key=lambda name: -len(found[name]))
    return {
        name: sorted(found[name].values(), key=lambda card: layers.index(card["layer"]))
        for name in most
    }


def of_several(auditors: Cards) -> list[Card]:
    """Give the first auditor of each kind that reads several sources."""
    of_kind = {card["auditor_kind"]: card for card in reversed(auditors)}
    return [of_kind[kind] for kind in OF_SEVERAL if kind in of_kind]


def show_scores(auditors: Cards, layers: Sequence[str]) -> None:
    """Say which layers remember, and draw the scores of all over the depth of the model.

    Args:
        auditors: Cards of one experiment, newest of the same first.
        layers: The model's layers, in order.
    """
    series, several = by_kind_and_view(auditors, layers), of_several(auditors)
    _answer(series, several)
    if not series:
        st.info("No auditor of a single layer is trained yet.", icon=":material/info:")
        return
    figure, names = _choices(auditors, series)
    if not names:
        st.caption("Choose at least one kind of auditor.")
        return
    shown = {name: series[name] for name in names}
    there = [
        layer
        for layer in layers
        if any(layer == card["layer"] for cards in shown.values() for card in cards)
    ]
    show_chart(
        scores_by_depth(shown, several, there, figure),
        pd.concat([figure_rows(shown, there, figure), advantage_rows(shown, there)]),
        "scores-by-layer",
        f"{FIGURES[figure].title} of each layer's auditor beside its best blind baseline, and the advantage, from "
        "input to output, with intervals.",
        _note(figure, several, shown[names[0]][0]),
    )


def _answer(series: Mapping[str, Cards], several: Cards) -> None:
    single = [card for cards in series.values() for card in cards]
    figures = []
    if single:
        best = max(single, key=lambda card: card["advantage"])
        figures.append(_advantage("Best layer", end_of(best["layer"]), best, _BEST_HELP))
    if several:
        best = max(several, key=lambda card: card["advantage"])
        figures.append(
            _advantage("Several layers together", str(best["auditor_kind"]), best, _TOGETHER_HELP)
        )
    if single:
        layers = {card["layer"] for card in single}
        shown = {card["layer"] for card in single if card["tier"] in SHOWN_TIERS}
        figures.append(
            Figure(
                "Layers with evidence",
                f"{len(shown)} of {len(layers)}",
                "beyond every blind baseline",
                _LAYERS_HELP,
            )
        )
    show_figures(figures)


def _advantage(label: str, value: str, card: Card, meaning: str) -> Figure:
    below = f"advantage {signed(card['advantage'])} ({signed_interval(card['advantage_ci'])})"
    meaning = f"{meaning} Here: {auditor_name(card)}."
    return Figure(label, value, below, f"{meaning} {ADVANTAGE_HELP}")


def _choices(auditors: Cards, series: Mapping[str, Cards]) -> tuple[str, list[str]]:
    titles = {key: FIGURES[key].title for key in figures_of(auditors)}
    figure = segments("Figure", titles, "figure", next(iter(titles)))
    names = st.pills(
        f"Kind of auditor and what it reads (at most {MOST_SERIES})",
        list(series),
        selection_mode="multi",
        default=_first(series),
        key="shown",
        bind="query-params",
    )
    return figure, list(names)[:MOST_SERIES]


def _first(series: Mapping[str, Cards]) -> list[str]:
    """Give what is drawn at first: what reads the most layers, and what reaches the best."""
    best = max(series, key=lambda name: max(card["advantage"] for card in series[name]))
    return list(dict.fromkeys([*list(series)[:1], best]))


def _note(figure: str, several: Cards, card: Card) -> str:
    parts = ["Bands: intervals. A line is broken where layers between were not trained."]
    if several:
        names = " and ".join(auditor_name(card) for card in several)
        parts.append(f"Pink dashes: {names}, which read several layers at once.")
    if figure.startswith("tpr"):
        parts.append("The baseline's rate is read off its ROC curve; no interval is kept for it.")
    if figure.endswith("accuracy"):
        parts.append("For blind baselines no accuracy is kept.")
    return " ".join([*parts, n_note(card["n_members"], card["n_externals"])])
