"""Databases against databases."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from dashboard.charts.depth import SCALES_OF_THEIR_OWN
from dashboard.charts.marks import plain_title
from dashboard.wording import signed
from mintcore.palette import AUDITOR, BLIND, INK, PAPER
from mintcore.verdicts import SHOWN_TIERS

Figure = Literal["advantage", "auc", "blind_auc", "accuracy"]

TITLES: dict[Figure, str] = {
    "auc": "AUC of the auditor",
    "blind_auc": "AUC, best blind baseline",
    "advantage": "advantage: the difference",
    "accuracy": "accuracy of the auditor",
}
MOST_BESIDE = 2
"""Of more databases than this, one figure is drawn at a time."""
_BESIDE_PX = 68
_MAP_PX = 640
_LARGEST_PX = 120
_ADVANTAGE_SPAN = 0.3
_OUTLINE_PX = 2.5
_TIER_FROM_PX = 68
"""Tiles smaller than this have no room for the evidence below the figure."""


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
            "shown": cell["tier"] in SHOWN_TIERS,
            "short_tier": cell["tier"].split(":", maxsplit=1)[0],
            "best_blind": cell["best_blind"],
            "n_members": cell["n_members"],
            "n_externals": cell["n_externals"],
        }
        for cell in cells
    ]
    return pd.DataFrame(rows)


def heat_map(
    cells: Sequence[Mapping[str, Any]], databases: Sequence[str], figure: Figure
) -> alt.LayerChart:
    """Draw one figure for each pair of a database trained against and a database tested on.

    Args:
        cells: The cells of a comparison's card.
        databases: The databases of externals, in order.
        figure: What is drawn.
    """
    side_px = min(_LARGEST_PX, _MAP_PX // len(databases))
    return _heat_map(cells, databases, figure, side_px=side_px, labelled=True)


def heat_maps(cells: Sequence[Mapping[str, Any]], databases: Sequence[str]) -> alt.ConcatChart:
    """Draw all figures beside each other, as far as there are few databases; arguments are those of ``heat_map``."""
    maps = [
        _heat_map(cells, databases, figure, side_px=_BESIDE_PX, labelled=at == 0)
        for at, figure in enumerate(TITLES)
    ]
    return alt.concat(*maps, columns=len(maps), spacing=18, resolve=SCALES_OF_THEIR_OWN)


def _heat_map(
    cells: Sequence[Mapping[str, Any]],
    databases: Sequence[str],
    figure: Figure,
    *,
    side_px: int,
    labelled: bool,
) -> alt.LayerChart:
    with_tier = side_px >= _TIER_FROM_PX
    drawn = alt.Chart(
        cell_rows(cells, figure),
        width=alt.Step(side_px),
        height=alt.Step(min(side_px, _BESIDE_PX)),
    ).encode(
        x=alt.X(
            "tested_on:N",
            sort=list(databases),
            title="tested on",
            axis=alt.Axis(labelAngle=-30, labelLimit=130, labelOverlap=False),
        ),
        y=alt.Y(
            "trained_against:N",
            sort=list(databases),
            title="trained against" if labelled else None,
            axis=alt.Axis(labelLimit=150, labels=labelled, ticks=labelled),
        ),
        tooltip=_tooltip(figure),
    )
    layers = [
        drawn.mark_rect(stroke=PAPER, strokeWidth=2).encode(
            color=alt.Color("value:Q", scale=_scale(figure), legend=None)
        ),
        drawn.transform_filter("datum.shown").mark_rect(
            fill=None, stroke=INK, strokeWidth=_OUTLINE_PX
        ),
        drawn.mark_text(
            fontSize=16 if with_tier else 13, fontWeight="bold", dy=-8 * with_tier, color=INK
        ).encode(text=alt.Text("text:N")),
    ]
    if with_tier:
        layers.append(
            drawn.mark_text(fontSize=11, dy=12, color=INK, limit=side_px).encode(
                text=alt.Text("short_tier:N")
            )
        )
    return alt.layer(*layers, title=plain_title(TITLES[figure]))


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
    """Colour a figure: pink as far as the auditor gets, grey as far as a baseline does that cannot know the members."""
    if figure == "advantage":
        return alt.Scale(
            domain=[-_ADVANTAGE_SPAN, 0, _ADVANTAGE_SPAN], range=[BLIND, PAPER, AUDITOR], clamp=True
        )
    return alt.Scale(
        domain=[0.5, 1], range=[PAPER, BLIND if figure == "blind_auc" else AUDITOR], clamp=True
    )
