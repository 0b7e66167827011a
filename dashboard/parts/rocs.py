"""How many members are found, at which price: ROC curves of chosen auditors."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.charts.roc import MOST_CHOSEN, roc_rows, rocs_by_layer
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import distinct_labels
from dashboard.parts.layer_scores import by_kind_and_view, of_several
from dashboard.wording import auditor_name
from mintcore.auditors import OF_SEVERAL

Cards = Sequence[dict[str, Any]]

_BEST = 3
_NOTE = (
    "Grey dashes: chance. Thin grey: the other layers. **Drag over layers** to see their curves; click a name in the "
    "legend or a point for one curve, with Shift for several; click beside the charts, or double-click in one, to see "
    "all again. **Drag over false-positive rates** on the logarithmic axis to see them enlarged on the left: the low "
    "ones are what matters for single images."
)


def show_rocs(auditors: Cards, layers: Sequence[str]) -> None:
    """Let the person choose auditors, and draw their ROC curves.

    Args:
        auditors: Cards of one experiment.
        layers: The model's layers, in order.
    """
    by_id = {card["id"]: card for card in auditors}
    names = distinct_labels(list(by_id), lambda name: auditor_name(by_id[name]))
    chosen = st.multiselect(
        f"Auditors in colour (at most {MOST_CHOSEN})",
        list(names.values()),
        default=[names[card["id"]] for card in _first(auditors)],
        max_selections=MOST_CHOSEN,
        key="curves",
        bind="query-params",
    )
    if not chosen:
        st.caption("Choose at least one auditor.")
        return
    by_name = {names[key]: card for key, card in by_id.items()}
    series = by_kind_and_view(auditors, layers)
    single = [names[card["id"]] for of_kind in series.values() for card in of_kind]
    coloured = {name: by_name[name] for name in chosen}
    others = {name: by_name[name] for name in single if name not in coloured}
    read = {card["layer"] for card in (*coloured.values(), *others.values())}
    there = [layer for layer in (*layers, *OF_SEVERAL) if layer in read]
    show_chart(
        rocs_by_layer(coloured, others, there),
        roc_rows(coloured),
        "roc",
        "ROC curves of the chosen auditors, on linear axes and with a logarithmic axis of false positives, below the "
        "AUC of each layer.",
        _NOTE,
        width="content",
    )


def _first(auditors: Cards) -> list[dict[str, Any]]:
    """Give what is drawn in colour at first: the auditors of several layers, and the best of single ones."""
    several = of_several(auditors)
    single = [
        card
        for card in auditors
        if card["auditor_kind"] not in {each["auditor_kind"] for each in several}
    ]
    best = sorted(single, key=lambda card: card["advantage"], reverse=True)[:_BEST]
    return [*several, *best]
