"""Auditor and blind baseline over the depth of the model."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboard.charts.bands import SHAPES, bands, value_axis
from dashboard.charts.depth import (
    ROOM_PX,
    heading,
    layer_axis,
    line_at,
    pointed_together,
    pointer,
)
from dashboard.charts.layer_figures import (
    ADVANTAGE,
    AUDITOR_ROLE,
    BLIND_ROLE,
    FIGURES,
    Card,
    Series,
    advantage_rows,
    figure_rows,
    layer_texts,
    several_rows,
)
from mintcore.palette import AUDITOR, BLIND

MOST_SERIES = len(SHAPES)
_ROLE_COLOURS = {AUDITOR_ROLE: AUDITOR, BLIND_ROLE: BLIND}
_HEIGHT_PX = 250
_ADVANTAGE_PX = 140
_LEAST_SPAN = 0.04
_APART = 0.25
"""Between the names of two lines, as a share of the width."""


def scores_by_depth(
    series: Series, several: Sequence[Card], layers: Sequence[str], figure: str
) -> alt.VConcatChart:
    """Draw a figure of each layer's auditor beside its best blind baseline, and below it the advantage.

    Args:
        series: At most ``MOST_SERIES`` kinds and views with their auditors.
        several: Auditors of several sources: lines across all layers.
        layers: The layers to draw, in the model's order.
        figure: A key of ``FIGURES``.
    """
    anyone = next(card for cards in (*series.values(), several) for card in cards)
    chance = FIGURES[figure].chance(anyone)
    pointed = pointer(*layer_texts(series, layers, figure))
    above = _panel(
        figure_rows(series, layers, figure),
        several_rows(several, figure),
        layers,
        _ROLE_COLOURS,
        chance,
    )
    below = _panel(
        advantage_rows(series, layers),
        several_rows(several, ADVANTAGE),
        layers,
        {ADVANTAGE: AUDITOR},
        0.0,
    )
    charts = [
        alt.layer(
            *above,
            pointed,
            height=_HEIGHT_PX,
            title=heading(f"{FIGURES[figure].title} (dashed grey: {chance:.3g}, chance)"),
        ),
        alt.layer(
            *below,
            pointed,
            height=_ADVANTAGE_PX,
            title=heading(
                "advantage: AUC of the auditor minus best blind AUC (dashed grey: 0, none)"
            ),
        ),
    ]
    return pointed_together(charts)


def _panel(
    rows: pd.DataFrame,
    several: pd.DataFrame,
    layers: Sequence[str],
    colours: dict[str, str],
    nothing: float,
) -> list[alt.Chart]:
    """Draw what was measured over the layers, and the line of what means nothing; the upper one has the legend."""
    upper = len(colours) > 1
    return [
        line_at(nothing),
        *_lines_across(several),
        *bands(
            rows,
            colours,
            layer_axis(layers, labelled=not upper),
            value_axis(rows, several, at=nothing, least_span=_LEAST_SPAN),
            legend=upper,
        ),
    ]


def _lines_across(rows: pd.DataFrame) -> list[alt.Chart]:
    """Draw a line across all layers for each auditor of several sources, with its interval and its name on it."""
    drawn = []
    for number, row in enumerate(rows.to_dict("records")):
        one = alt.Chart(pd.DataFrame([row]))
        # beside the numbers, where early layers are rarely high; each further right: lines can be near each other
        place = alt.XValue({"expr": f"{ROOM_PX} + width * {_APART * number}"})
        drawn += [
            one.mark_rect(color=AUDITOR, opacity=0.12, clip=True).encode(
                y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
            ),
            one.mark_rule(color=AUDITOR, strokeDash=[8, 4], strokeWidth=2, clip=True).encode(
                y=alt.Y("value:Q")
            ),
            one.mark_text(
                color=AUDITOR,
                align="left",
                baseline="bottom",
                dy=-4,
                fontSize=12,
                fontWeight="bold",
            ).encode(x=place, y=alt.Y("value:Q"), text=alt.Text("text:N")),
        ]
    return drawn
