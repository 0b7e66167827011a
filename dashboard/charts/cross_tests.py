"""Auditor, blind baseline and advantage of tests against a database, test by test."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.depth import SCALES_OF_THEIR_OWN
from dashboard.charts.marks import group_colour, tooltips, upright_lines
from mintcore.palette import AUDITOR, BLIND

AUDITOR_ROLE = "auditor"
BLIND_ROLE = "best blind baseline"
ADVANTAGE_ROLE = "advantage"
_COLOURS = {AUDITOR_ROLE: AUDITOR, BLIND_ROLE: BLIND}
_ROW_PX = 34
_AUC_PX, _ADVANTAGE_PX = 320, 200
_LABEL_PX = 230
_MARGIN = 0.02
_FIGURES = (("auc", AUDITOR_ROLE), ("blind_auc", BLIND_ROLE), ("advantage", ADVANTAGE_ROLE))
_TOOLTIP = (
    ("trained_against:N", "trained against", None),
    ("tested_on:N", "tested on", None),
    ("role:N", "figure", None),
    ("value:Q", "value", ".3f"),
    ("low:Q", "95% interval from", ".3f"),
    ("high:Q", "to", ".3f"),
    ("tier:N", "evidence", None),
    ("n_members:Q", "held-out members", ","),
    ("n_externals:Q", "held-out externals", ","),
)

Groups = Mapping[str, Sequence[Mapping[str, Any]]]
"""Heading -> the cells of a comparison below it."""
Name = Callable[[Mapping[str, Any]], str]


def pair_name(cell: Mapping[str, Any]) -> str:
    """Name a test by what the auditor was trained against and what it is tested on."""
    trained, tested = cell["train_external"], cell["test_external"]
    return f"{trained} → {tested}"


def left_out_name(cell: Mapping[str, Any]) -> str:
    """Name a test by what the auditor is tested on alone."""
    return str(cell["test_external"])


def cross_test_rows(groups: Groups, name: Name = pair_name) -> pd.DataFrame:
    """Give three rows a test: AUC of the auditor, of its best blind baseline, and the advantage.

    Args:
        groups: The tests, in the order to draw.
        name: How a test is called.
    """
    rows = [
        {
            "group": group,
            "test": name(cell),
            "trained_against": cell["train_external"],
            "tested_on": cell["test_external"],
            "role": role,
            "value": cell[figure],
            "low": cell[f"{figure}_ci"][0],
            "high": cell[f"{figure}_ci"][1],
            "tier": cell["tier"],
            "n_members": cell["n_members"],
            "n_externals": cell["n_externals"],
        }
        for group, cells in groups.items()
        for cell in cells
        for figure, role in _FIGURES
    ]
    return pd.DataFrame(rows)


def cross_tests(groups: Groups, limit: float, name: Name = pair_name) -> alt.VConcatChart:
    """Draw the tests of each group below its heading: AUCs on the left, the advantage on the right.

    Args:
        groups: The tests, in the order to draw.
        limit: AUC above which a blind baseline makes membership impossible to show, drawn as a line.
        name: How a test is called.
    """
    table = cross_test_rows(groups, name)
    aucs, gains = (table[table["role"].isin(roles)] for roles in (_COLOURS, [ADVANTAGE_ROLE]))
    spans = [_span(aucs, 0.5), _span(gains, 0.0)]
    first, last = next(iter(groups)), list(groups)[-1]
    return alt.vconcat(
        *(
            alt.hconcat(
                _aucs(
                    aucs[aucs["group"] == group],
                    spans[0],
                    limit,
                    legend=group == first,
                    axis=group == last,
                ),
                _advantages(gains[gains["group"] == group], spans[1], axis=group == last),
                title=alt.Title(group, anchor="start", fontSize=14),
                spacing=24,
            )
            for group in groups
        ),
        spacing=20,
        resolve=SCALES_OF_THEIR_OWN,
    )


def _aucs(
    table: pd.DataFrame, span: Sequence[float], limit: float, *, legend: bool, axis: bool
) -> alt.LayerChart:
    colour = group_colour("role:N", _COLOURS, legend=legend)
    offset = alt.YOffset("role:N", scale=alt.Scale(domain=list(_COLOURS), paddingOuter=0.3))
    title = f"AUC (dashed: chance, and {limit:g})" if axis else None
    rows = _intervals(table, span, title, labelled=True, color=colour, yOffset=offset)
    return alt.layer(upright_lines(0.5, limit), *rows, width=_AUC_PX)


def _advantages(table: pd.DataFrame, span: Sequence[float], *, axis: bool) -> alt.LayerChart:
    title = "advantage: the difference" if axis else None
    rows = _intervals(table, span, title, labelled=False, color=alt.ColorValue(AUDITOR))
    return alt.layer(upright_lines(0.0), *rows, width=_ADVANTAGE_PX)


def _intervals(
    table: pd.DataFrame,
    span: Sequence[float],
    title: str | None,
    *,
    labelled: bool,
    **channels: Any,
) -> list[alt.Chart]:
    drawn = alt.Chart(table, height=alt.Step(_ROW_PX, **{"for": "position"})).encode(
        y=alt.Y(
            "test:N",
            sort=list(dict.fromkeys(table["test"])),
            title=None,
            axis=alt.Axis(
                labels=labelled,
                ticks=labelled,
                labelLimit=_LABEL_PX,
                minExtent=_LABEL_PX if labelled else 0,
                maxExtent=_LABEL_PX if labelled else 0,
            ),
        ),
        tooltip=tooltips(_TOOLTIP),
        **channels,
    )
    x = alt.X(
        "low:Q",
        title=title,
        scale=alt.Scale(domain=list(span), zero=False),
        axis=alt.Axis(tickCount=6),
    )
    return [
        drawn.mark_rule(strokeWidth=3, opacity=0.55).encode(x=x, x2=alt.X2("high:Q")),
        drawn.mark_point(filled=True, size=80, opacity=1).encode(x=alt.X("value:Q")),
    ]


def _span(table: pd.DataFrame, at: float) -> list[float]:
    return [
        min(at, float(table["low"].min())) - _MARGIN,
        max(at, float(table["high"].max())) + _MARGIN,
    ]
