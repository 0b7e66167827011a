"""Auditor and blind baseline, layer by layer."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from mintcore.palette import AUDITOR, BLIND, REFERENCE_LINE

AUDITOR_ROLE = "auditor"
BLIND_ROLE = "best blind baseline"
_ROLE_COLOURS = {AUDITOR_ROLE: AUDITOR, BLIND_ROLE: BLIND}
_ROW_PX = 40
_MARGIN = 0.02
"""Room on both sides; also keeps an axis from showing differences that are nothing."""
_TOOLTIP = (
    ("layer:N", "layer", None),
    ("role:N", "scored by", None),
    ("value:Q", "value", ".3f"),
    ("low:Q", "95% interval from", ".3f"),
    ("high:Q", "to", ".3f"),
    ("tier:N", "evidence", None),
    ("n_members:Q", "held-out members", ","),
    ("n_externals:Q", "held-out externals", ","),
)


def auc_rows(auditors: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give two rows an auditor, its own AUC and that of its best blind baseline."""
    rows = []
    for card in auditors:
        rows.append(_row(card, AUDITOR_ROLE, card["auc"], card["auc_ci"]))
        rows.append(_row(card, BLIND_ROLE, card["blind_auc"], card["blind_auc_ci"]))
    return pd.DataFrame(rows)


def advantage_rows(auditors: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give one row an auditor, with its advantage."""
    return pd.DataFrame(
        [_row(card, "advantage", card["advantage"], card["advantage_ci"]) for card in auditors]
    )


def auc_by_layer(auditors: Sequence[Mapping[str, Any]], layers: Sequence[str]) -> alt.LayerChart:
    """Draw the AUC of each layer's auditor beside its best blind baseline, with intervals.

    Args:
        auditors: Cards of auditors of one kind.
        layers: The layers in the model's order.
    """
    table = auc_rows(auditors)
    role = alt.Color(
        "role:N",
        title=None,
        scale=alt.Scale(domain=list(_ROLE_COLOURS), range=list(_ROLE_COLOURS.values())),
        legend=alt.Legend(orient="bottom", symbolOpacity=1),
    )
    offset = alt.YOffset("role:N", scale=alt.Scale(domain=list(_ROLE_COLOURS), paddingOuter=0.4))
    intervals = _intervals(table, layers, "AUC (dashed: 0.5, chance)")
    return _over_line(0.5, intervals, table, color=role, yOffset=offset)


def advantage_by_layer(
    auditors: Sequence[Mapping[str, Any]], layers: Sequence[str]
) -> alt.LayerChart:
    """Draw the advantage of each layer's auditor over its best blind baseline, with intervals."""
    table = advantage_rows(auditors)
    intervals = _intervals(table, layers, "advantage: auditor minus blind (dashed: 0, none)")
    return _over_line(0.0, intervals, table, color=alt.value(AUDITOR))


def _row(
    card: Mapping[str, Any], role: str, value: float, bounds: Sequence[float]
) -> dict[str, Any]:
    keys = ("layer", "tier", "n_members", "n_externals")
    return {"role": role, "value": value, "low": bounds[0], "high": bounds[1]} | {
        key: card[key] for key in keys
    }


def _intervals(table: pd.DataFrame, layers: Sequence[str], title: str) -> alt.Chart:
    there = [layer for layer in layers if layer in set(table["layer"])]
    return (
        alt.Chart(table, height=alt.Step(_ROW_PX, **{"for": "position"}))
        .encode(
            y=alt.Y("layer:N", sort=there, title=None, axis=alt.Axis(labelLimit=220)),
            tooltip=[
                alt.Tooltip(field, title=name, **({"format": shape} if shape else {}))
                for field, name, shape in _TOOLTIP
            ],
        )
        .properties(title=alt.Title(title, anchor="start", fontWeight="normal", fontSize=13))
    )


def _over_line(
    at: float, intervals: alt.Chart, table: pd.DataFrame, **channels: Any
) -> alt.LayerChart:
    span = [min(at, table["low"].min()) - _MARGIN, max(at, table["high"].max()) + _MARGIN]
    line = (
        alt.Chart(pd.DataFrame({"at": [at]}))
        .mark_rule(color=REFERENCE_LINE, strokeDash=[4, 4])
        .encode(x="at:Q")
    )
    bars = intervals.mark_rule(strokeWidth=3, opacity=0.55).encode(
        x=alt.X(
            "low:Q",
            title=None,
            scale=alt.Scale(domain=span, zero=False),
            axis=alt.Axis(tickCount=6),
        ),
        x2="high:Q",
        **channels,
    )
    points = intervals.mark_point(filled=True, size=90, opacity=1).encode(x="value:Q", **channels)
    return alt.layer(line, bars, points)
