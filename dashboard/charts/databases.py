"""Databases against databases."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from dashboard.wording import signed

Figure = Literal["auc", "blind_auc", "advantage"]

TITLES: dict[Figure, str] = {
    "auc": "AUC of the auditor",
    "blind_auc": "AUC, best blind baseline",
    "advantage": "advantage: the difference",
}
_CELL_PX = 98
_MOST_BESIDE = 2
"""Maps of more databases than this stand one below the other."""
_DARK_FROM_AUC = 0.8
_DARK_FROM_ADVANTAGE = 0.2


def cell_rows(cells: Sequence[Mapping[str, Any]], figure: Figure) -> pd.DataFrame:
    """Give a row a pair of databases: the figure, its interval, and what it shows."""
    rows = [
        {
            "trained_against": cell["train_external"],
            "tested_on": cell["test_external"],
            "value": cell[figure],
            "low": cell[f"{figure}_ci"][0],
            "high": cell[f"{figure}_ci"][1],
            "text": signed(cell[figure]) if figure == "advantage" else f"{cell[figure]:.3f}",
            "tier": cell["tier"],
            "short_tier": cell["tier"].split(":", maxsplit=1)[0],
            "best_blind": cell["best_blind"],
            "n_members": cell["n_members"],
            "n_externals": cell["n_externals"],
        }
        for cell in cells
    ]
    return pd.DataFrame(rows)


def database_heat_maps(
    cells: Sequence[Mapping[str, Any]], databases: Sequence[str]
) -> alt.ConcatChart:
    """Draw each figure for each pair of a database trained against and a database tested on.

    Args:
        cells: The cells of a comparison's card.
        databases: The databases of externals, in order.
    """
    beside = len(TITLES) if len(databases) <= _MOST_BESIDE else 1
    maps = [
        _heat_map(cells, databases, figure, labelled=beside == 1 or at == 0)
        for at, figure in enumerate(TITLES)
    ]
    return alt.concat(*maps, columns=beside, spacing=28).resolve_scale(color="independent")


def _heat_map(
    cells: Sequence[Mapping[str, Any]], databases: Sequence[str], figure: Figure, *, labelled: bool
) -> alt.LayerChart:
    drawn = alt.Chart(
        cell_rows(cells, figure), width=alt.Step(_CELL_PX), height=alt.Step(_CELL_PX)
    ).encode(
        x=alt.X(
            "tested_on:N",
            sort=list(databases),
            title="tested on",
            axis=alt.Axis(labelAngle=-30, labelLimit=130),
        ),
        y=alt.Y(
            "trained_against:N",
            sort=list(databases),
            title="trained against" if labelled else None,
            axis=alt.Axis(labelLimit=130, labels=labelled, ticks=labelled),
        ),
        tooltip=_tooltip(figure),
    )
    colour = alt.Color("value:Q", scale=_scale(figure), legend=None)
    ink = alt.condition(_is_dark(figure), alt.value("white"), alt.value("#1a1a1a"))
    return alt.layer(
        drawn.mark_rect(stroke="white", strokeWidth=2).encode(color=colour),
        drawn.mark_text(fontSize=17, fontWeight="bold", dy=-8).encode(text="text:N", color=ink),
        drawn.mark_text(fontSize=12, dy=13).encode(text="short_tier:N", color=ink),
    ).properties(title=alt.Title(TITLES[figure], anchor="start", fontWeight="normal", fontSize=13))


def _tooltip(figure: Figure) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("trained_against:N", title="trained against"),
        alt.Tooltip("tested_on:N", title="tested on"),
        alt.Tooltip("value:Q", title=TITLES[figure], format=".3f"),
        alt.Tooltip("low:Q", title="95% interval from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("tier:N", title="evidence"),
        alt.Tooltip("best_blind:N", title="best blind baseline"),
        alt.Tooltip("n_members:Q", title="held-out members", format=","),
        alt.Tooltip("n_externals:Q", title="held-out externals", format=","),
    ]


def _scale(figure: Figure) -> alt.Scale:
    if figure == "advantage":
        return alt.Scale(scheme="purpleorange", domain=[-0.3, 0.3], reverse=True, clamp=True)
    return alt.Scale(scheme="blues", domain=[0.5, 1], clamp=True)


def _is_dark(figure: Figure) -> str:
    if figure == "advantage":
        return f"abs(datum.value) > {_DARK_FROM_ADVANTAGE}"
    return f"datum.value > {_DARK_FROM_AUC}"
