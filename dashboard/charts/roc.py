"""ROC curves on linear and logarithmic axes that answer to each other, and to the layers."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.bands import of_field, value_axis
from dashboard.charts.depth import SCALES_OF_THEIR_OWN, heading, layer_axis, line_at
from mintcore.palette import REFERENCE_LINE, SERIES

Card = Mapping[str, Any]
Curves = Mapping[str, Card]
"""Name -> the card of an auditor; no two names are the same."""

MOST_CHOSEN = len(SERIES)
_PLOT_PX = 360
_HEIGHT_PX = 300
_STRIP_PX = 100
_GAP_PX = 24
_NUMBERS_PX = 36
"""Between two plots, for the numbers of the second one's axis."""
_BACKGROUND_POINTS = 60
"""Points of a curve that only stands in the background."""
_FAINT, _BACKGROUND, _PLAIN = 0.07, 0.45, 1.0
_STEPS = 40
_LEAST_SPAN = 0.04
_FPR = "false-positive rate (externals called members)"

# Two selections: one that took clicks on the legend and on points would take the first for both, and be empty again.
_NAMED = alt.selection_point(name="named", fields=["curve"], bind="legend")
_PICKED = alt.selection_point(name="picked", fields=["curve"])
_BRUSHED = alt.selection_interval(name="brushed", encodings=["x"])
_ZOOMED = alt.selection_interval(name="zoomed", encodings=["x"])


def roc_rows(auditors: Curves, lowest_fpr: float = 0.0) -> pd.DataFrame:
    """Give the points of the auditors' curves.

    Args:
        auditors: The auditors.
        lowest_fpr: Points below it are left out, as a logarithmic axis must.
    """
    rows = [
        {
            "curve": curve_name(name, card),
            "layer": card["layer"],
            "order": order,
            "fpr": fpr,
            "tpr": tpr,
        }
        for name, card in auditors.items()
        for order, (fpr, tpr) in enumerate(card["roc"])
        if fpr >= lowest_fpr
    ]
    return pd.DataFrame(rows, columns=["curve", "layer", "order", "fpr", "tpr"])


def curve_name(name: str, card: Card) -> str:
    """Name a curve in the legend, with what it rests on."""
    return f"{name} (n = {card['n_members']:,} + {card['n_externals']:,})"


def rocs_by_layer(chosen: Curves, others: Curves, layers: Sequence[str]) -> alt.VConcatChart:
    """Draw AUC by layer above the ROC curves on linear and on logarithmic axes.

    A stretch of layers that is brushed in the upper chart, or an auditor that is clicked there or in the legend, stands
    out in all three. A stretch of false-positive rates that is brushed on the logarithmic axis is what the linear one
    shows.

    Args:
        chosen: Auditors to draw in a colour of their own, at most ``MOST_CHOSEN``.
        others: Auditors to draw in the background.
        layers: The layers of all of them, from left to right; "joint" and "fused" are layers here.
    """
    colour = _colour(chosen, others, legend=None)
    explained = _colour(chosen, others, _legend(chosen))
    below = alt.hconcat(
        _linear_panel(chosen, others, colour),
        _logarithmic_panel(chosen, others, colour),
        spacing=_GAP_PX,
    )
    strip = _strip({**chosen, **others}, layers, explained)
    return alt.vconcat(strip, below, spacing=18, resolve=SCALES_OF_THEIR_OWN)


def _thinned(auditors: Curves) -> dict[str, Card]:
    found: dict[str, Card] = {}
    for name, card in auditors.items():
        step = -(-len(card["roc"]) // _BACKGROUND_POINTS)
        found[name] = {**card, "roc": [*card["roc"][::step], card["roc"][-1]]}
    return found


def _colour(chosen: Curves, others: Curves, legend: alt.Legend | None) -> alt.Color:
    names = [curve_name(name, card) for name, card in chosen.items()]
    behind = [curve_name(name, card) for name, card in others.items()]
    return alt.Color(
        "curve:N",
        title=None,
        scale=alt.Scale(
            domain=[*names, *behind],
            range=[*SERIES[: len(names)], *[REFERENCE_LINE] * len(behind)],
        ),
        legend=legend,
    )


def _legend(chosen: Curves) -> alt.Legend:
    names = [curve_name(name, card) for name, card in chosen.items()]
    return alt.Legend(orient="top", columns=2, values=names, labelLimit=380, symbolOpacity=1)


def auc_rows(auditors: Curves) -> pd.DataFrame:
    """Give a row an auditor, with its AUC and the ends of its interval."""
    return pd.DataFrame(
        [
            {
                "curve": curve_name(name, card),
                "layer": card["layer"],
                "value": card["auc"],
                "low": card["auc_ci"][0],
                "high": card["auc_ci"][1],
            }
            for name, card in auditors.items()
        ]
    )


def _strip(auditors: Curves, layers: Sequence[str], colour: alt.Color) -> alt.LayerChart:
    """Draw the AUC of each auditor over the layers, to brush and to click."""
    rows = auc_rows(auditors)
    width_px = 2 * _PLOT_PX + _GAP_PX + _NUMBERS_PX
    y = value_axis(rows, at=0.5, least_span=_LEAST_SPAN, ticks=3)
    drawn = alt.Chart(rows).encode(
        x=layer_axis(layers, width_px=width_px),
        color=colour,
        opacity=_standing_out(_PLAIN),
        tooltip=[
            alt.Tooltip("curve:N", title="auditor"),
            alt.Tooltip("value:Q", title="AUC", format=".3f"),
            alt.Tooltip("low:Q", title="95% interval from", format=".3f"),
            alt.Tooltip("high:Q", title="to", format=".3f"),
        ],
    )
    points = (
        drawn.mark_point(filled=True, size=60).encode(y=y).add_params(_BRUSHED, _NAMED, _PICKED)
    )
    rules = drawn.mark_rule(strokeWidth=2).encode(y=of_field(y, "low:Q"), y2=alt.Y2("high:Q"))
    return alt.layer(
        line_at(0.5),
        rules,
        points,
        width=width_px,
        height=_STRIP_PX,
        title=heading("AUC by layer: drag over layers"),
    )


def _linear_panel(chosen: Curves, others: Curves, colour: alt.Color) -> alt.LayerChart:
    drawn = [
        _chance(0.0),
        _curves(roc_rows(_thinned(others)), colour, 1, _BACKGROUND),
        _curves(roc_rows(chosen), colour, 2, _PLAIN),
    ]
    x = alt.X(
        "fpr:Q",
        title=_FPR,
        scale=alt.Scale(domain={"param": "zoomed", "encoding": "x"}),
        axis=alt.Axis(tickCount=5),
    )
    zoomed = [chart.transform_filter(_ZOOMED) for chart in drawn]
    return _panel(zoomed, x, "true-positive rate, linear axes")


def _logarithmic_panel(chosen: Curves, others: Curves, colour: alt.Color) -> alt.LayerChart:
    """Draw the curves down to one false positive: below it nothing can be measured."""
    lowest = 1 / max(card["n_externals"] for card in chosen.values())
    drawn = [
        _chance(lowest),
        _curves(roc_rows(_thinned(others), lowest), colour, 1, _BACKGROUND),
        _curves(roc_rows(chosen, lowest), colour, 2, _PLAIN).add_params(_ZOOMED),
    ]
    powers = [10.0**power for power in range(-9, 1) if 10.0**power >= lowest]
    x = alt.X(
        "fpr:Q",
        title=_FPR,
        scale=alt.Scale(type="log", domain=[lowest, 1]),
        axis=alt.Axis(values=powers, format="~g"),
    )
    return _panel(drawn, x, "true-positive rate, logarithmic axis: drag to zoom the other")


def _curves(rows: pd.DataFrame, colour: alt.Color, width: float, opacity: float) -> alt.Chart:
    return (
        alt.Chart(rows)
        .mark_line(strokeWidth=width, clip=True)
        .encode(
            order=alt.Order("order:Q"),
            color=colour,
            opacity=_standing_out(opacity),
            tooltip=[
                alt.Tooltip("curve:N", title="auditor"),
                alt.Tooltip("fpr:Q", title="false-positive rate", format=".4f"),
                alt.Tooltip("tpr:Q", title="true-positive rate", format=".3f"),
            ],
        )
    )


def _panel(drawn: Sequence[alt.Chart], x: alt.X, title: str) -> alt.LayerChart:
    y = alt.Y("tpr:Q", title=None, axis=alt.Axis(tickCount=5, labelPadding=6, minExtent=30))
    return alt.layer(
        *(chart.encode(x=x, y=y) for chart in drawn),
        width=_PLOT_PX,
        height=_HEIGHT_PX,
        title=heading(title),
    )


def _standing_out(opacity: float) -> alt.OpacityValue:
    """Give the opacity of what is brushed, and named or picked; of all where nothing is; and of the rest."""
    all_or = {name: {"param": name} for name in ("named", "picked", "brushed")}
    only = {name: {"param": name, "empty": False} for name in all_or}
    clicked = {"or": [{"and": [all_or["named"], all_or["picked"]]}, only["named"], only["picked"]]}
    within = {"and": [all_or["brushed"], clicked]}
    chosen = {"or": list(only.values())}
    return alt.OpacityValue(
        _FAINT,
        condition=[
            {"test": {"and": [chosen, within]}, "value": _PLAIN},
            {"test": within, "value": opacity},
        ],
    )


def _chance(lowest: float) -> alt.Chart:
    start = lowest or 1 / _STEPS
    rates = [start * (1 / start) ** (step / _STEPS) for step in range(_STEPS + 1)]
    diagonal = pd.DataFrame({"fpr": [lowest, *rates], "tpr": [lowest, *rates]})
    return alt.Chart(diagonal).mark_line(
        color=REFERENCE_LINE, strokeDash=[4, 4], strokeWidth=1.5, clip=True
    )
