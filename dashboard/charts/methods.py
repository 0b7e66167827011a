"""What methods and auditors reach on one split, side by side."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.marks import group_colour, plain_title, tooltips, upright_lines
from mintcore.palette import AUDITOR, BLIND, REFERENCE_LINE, SERIES

METHOD = SERIES[1]
"""Of methods of others: a colour that has no meaning of its own."""
AUDITOR_ROLE, METHOD_ROLE = "MINT auditor", "method of others"
_COLOURS = {AUDITOR_ROLE: AUDITOR, METHOD_ROLE: METHOD}
_ROW_PX = 24
_LABEL_PX = 220
_PANELS = (("auc", "AUC", 200), ("tpr_1", "TPR at 1% FPR", 130), ("tpr_01", "TPR at 0.1% FPR", 100))
_COST_PX = 115
_CHANCE = {"auc": 0.5, "tpr_1": 0.01, "tpr_01": 0.001}
_MARGIN = 0.04
"""Room on both sides of what is drawn, as a share of it."""
_TOOLTIP = (
    ("method:N", "method", None),
    ("value:Q", "value", ".4f"),
    ("low:Q", "95% interval from", ".4f"),
    ("high:Q", "to", ".4f"),
    ("n_members:Q", "held-out members", ","),
    ("n_externals:Q", "held-out externals", ","),
)

Line = Mapping[str, Any]


def method_rows(lines: Sequence[Line], auditors: Collection[str]) -> pd.DataFrame:
    """Give a row a figure of each method: AUC, and the true-positive rates that could be measured.

    Args:
        lines: As ``mintcore.methods.figures.rows`` gives them.
        auditors: Names of those that are MINT auditors.
    """
    rows = []
    for line in lines:
        about = {
            "method": line["method"],
            "role": AUDITOR_ROLE if line["method"] in auditors else METHOD_ROLE,
            "n_members": line["n_members"],
            "n_externals": line["n_externals"],
            "cost": cost(line),
        }
        low, high = line["auc_ci"]
        rows.append(about | {"figure": "auc", "value": line["auc"], "low": low, "high": high})
        for figure, rate in zip(("tpr_1", "tpr_01"), line["low_fpr"], strict=True):
            if rate:
                low, high = rate["tpr_ci"]
                measured = {"figure": figure, "value": rate["tpr"], "low": low, "high": high}
                rows.append(about | measured)
    return pd.DataFrame(rows)


def cost(line: Line) -> str:
    """Write what an image costs a method, and what it needs before."""
    passes, models = line["forward_passes"], line["models_trained"]
    words = f"{passes} {'pass' if passes == 1 else 'passes'}"
    return f"{words}, {models} models" if models else words


def method_figures(
    lines: Sequence[Line], auditors: Collection[str], blind: Line | None
) -> alt.HConcatChart:
    """Draw AUC and true-positive rates with intervals, and what they cost, the best AUC first.

    Args:
        lines: As ``mintcore.methods.figures.rows`` gives them.
        auditors: Names of those that are MINT auditors.
        blind: ``blind_auc`` and ``blind_auc_ci`` of the baseline to draw; None where there is none.
    """
    table = method_rows(lines, auditors)
    order = [line["method"] for line in sorted(lines, key=lambda line: -line["auc"])]
    panels: list[alt.Chart | alt.LayerChart] = []
    for figure, title, width in _PANELS:
        of_figure = table[table["figure"] == figure]
        if len(of_figure):
            drawn = _panel(of_figure, order, figure, labelled=not panels)
            below = _blind(blind) if figure == "auc" and blind else []
            panels.append(alt.layer(*below, *drawn, width=width, title=plain_title(title)))
    costs = table.drop_duplicates("method")
    return alt.hconcat(*panels, _costs(costs, order), spacing=14)


def _panel(
    table: pd.DataFrame, order: Sequence[str], figure: str, *, labelled: bool
) -> list[alt.Chart]:
    at = _CHANCE[figure]
    low, high = min(at, table["low"].min()), max(at, table["high"].max())
    room = _MARGIN * (high - low)
    span = [low - room if low > 0 else 0.0, high + room]
    drawn = _by_method(table, order, labelled=labelled).encode(
        color=group_colour("role:N", _COLOURS, legend=labelled),
        tooltip=tooltips(_TOOLTIP),
    )
    x = alt.X(
        "low:Q",
        title=None,
        scale=alt.Scale(domain=span, zero=False, nice=False),
        axis=alt.Axis(tickCount=4, format=".2f" if figure == "auc" else "~%"),
    )
    return [
        upright_lines(at),
        drawn.mark_rule(strokeWidth=3, opacity=0.55).encode(x=x, x2=alt.X2("high:Q")),
        drawn.mark_point(filled=True, size=80, opacity=1).encode(x=alt.X("value:Q")),
    ]


def _by_method(table: pd.DataFrame, order: Sequence[str], *, labelled: bool) -> alt.Chart:
    axis = alt.Axis(labels=labelled, ticks=False, labelLimit=_LABEL_PX, domain=labelled)
    return alt.Chart(table, height=alt.Step(_ROW_PX)).encode(
        y=alt.Y("method:N", sort=list(order), title=None, axis=axis)
    )


def _blind(blind: Line) -> list[alt.Chart]:
    low, high = blind["blind_auc_ci"]
    table = pd.DataFrame([{"low": low, "high": high, "value": blind["blind_auc"]}])
    drawn = alt.Chart(table)
    return [
        drawn.mark_rect(color=BLIND, opacity=0.25).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
        drawn.mark_rule(color=BLIND, strokeWidth=2).encode(x=alt.X("value:Q")),
    ]


def _costs(table: pd.DataFrame, order: Sequence[str]) -> alt.Chart:
    return (
        _by_method(table, order, labelled=False)
        .mark_text(align="left", fontSize=12, color=REFERENCE_LINE)
        .encode(text=alt.Text("cost:N"), x=alt.XValue(0))
        .properties(
            width=_COST_PX,
            title=plain_title("cost an image"),
        )
    )
