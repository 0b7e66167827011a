"""Which members methods find, and how far they agree."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.marks import group_colour, plain_title
from dashboard.charts.methods import METHOD
from mintcore.palette import AUDITOR, BLIND, EXTERNAL, INK, PAPER, SERIES

_MAP_PX = 540
_LARGEST_PX = 60
_LABEL_PX = 220
_ROW_PX = 26
_SHARES_PX, _ALONE_PX = 300, 200
_AUDITORS, _METHODS, _EXTERNALS = "members, by an auditor", "members, by a method", "externals"
_ROLES = {_AUDITORS: AUDITOR, _METHODS: METHOD, _EXTERNALS: EXTERNAL}


def agreement_rows(
    names: Sequence[str], values: np.ndarray, both: np.ndarray, either: np.ndarray
) -> pd.DataFrame:
    """Give a row a pair of methods.

    Args:
        names: M names.
        values: (M, M) how far each two agree.
        both: (M, M) members that both find.
        either: (M, M) members that either finds.
    """
    return pd.DataFrame(
        [
            {
                "method": one,
                "other": other,
                "value": float(values[i, j]),
                "both": int(both[i, j]),
                "either": int(either[i, j]),
            }
            for i, one in enumerate(names)
            for j, other in enumerate(names)
        ]
    )


def agreement_map(table: pd.DataFrame, names: Sequence[str], measure: str) -> alt.LayerChart:
    """Draw how far each two methods agree.

    Args:
        table: From ``agreement_rows``.
        names: The methods, in order.
        measure: What is drawn, as its title.
    """
    side_px = min(_LARGEST_PX, _MAP_PX // len(names))
    drawn = alt.Chart(table, width=alt.Step(side_px), height=alt.Step(min(side_px, 34))).encode(
        x=alt.X(
            "other:N",
            sort=list(names),
            title=None,
            axis=alt.Axis(labelAngle=-40, labelLimit=_LABEL_PX, labelOverlap=False),
        ),
        y=alt.Y("method:N", sort=list(names), title=None, axis=alt.Axis(labelLimit=_LABEL_PX)),
        tooltip=[
            alt.Tooltip("method:N", title="method"),
            alt.Tooltip("other:N", title="and"),
            alt.Tooltip("value:Q", title=measure, format=".3f"),
            alt.Tooltip("both:Q", title="members both find", format=","),
            alt.Tooltip("either:Q", title="members either finds", format=","),
        ],
    )
    scale = alt.Scale(
        domain=[-1, 0, 1], range=[BLIND, PAPER, SERIES[4]], clamp=True, interpolate="rgb"
    )
    return alt.layer(
        drawn.mark_rect(stroke=PAPER, strokeWidth=1.5).encode(
            color=alt.Color("value:Q", scale=scale, legend=None)
        ),
        drawn.mark_text(fontSize=11, color=INK).encode(text=alt.Text("value:Q", format=".2f")),
        title=plain_title(measure),
    )


def find_rows(
    finds: Sequence[Mapping[str, Any]], auditors: Collection[str], figure: str
) -> pd.DataFrame:
    """Give two rows a method: the share of members and of externals above its threshold.

    Args:
        finds: ``method``, ``members``, ``externals``, ``n_members``, ``n_externals`` and, of each figure ("share" of
            all above the threshold, or "alone": those of no other method), the shares with their intervals.
        auditors: Names of those that are MINT auditors.
        figure: "share" or "alone".
    """
    rows = []
    for find in finds:
        of_members = _AUDITORS if find["method"] in auditors else _METHODS
        for side, role in (("members", of_members), ("externals", _EXTERNALS)):
            low, high = find[f"{figure}_{side}_ci"]
            rows.append(
                {
                    "method": find["method"],
                    "role": role,
                    "value": find[f"{figure}_{side}"],
                    "low": low,
                    "high": high,
                    "count": find[f"{figure}_{side}_count"],
                    "n": find[f"n_{side}"],
                }
            )
    return pd.DataFrame(rows)


def find_bars(
    finds: Sequence[Mapping[str, Any]], auditors: Collection[str], names: Sequence[str]
) -> alt.HConcatChart:
    """Draw what share of members and of externals each method finds, and finds alone; arguments as ``find_rows``."""
    panels = (("share", "found", _SHARES_PX), ("alone", "found by no other", _ALONE_PX))
    return alt.hconcat(
        *(
            _shares(
                find_rows(finds, auditors, figure), names, title, labelled=not place
            ).properties(width=width)
            for place, (figure, title, width) in enumerate(panels)
        ),
        spacing=20,
    )


def _shares(
    table: pd.DataFrame, names: Sequence[str], title: str, *, labelled: bool
) -> alt.LayerChart:
    shape = alt.Shape(
        "role:N",
        title=None,
        scale=alt.Scale(domain=list(_ROLES), range=["circle", "circle", "diamond"]),
        legend=alt.Legend(orient="top") if labelled else None,
    )
    drawn = alt.Chart(table, height=alt.Step(_ROW_PX)).encode(
        y=alt.Y(
            "method:N",
            sort=list(names),
            title=None,
            axis=alt.Axis(labels=labelled, ticks=False, labelLimit=_LABEL_PX, domain=labelled),
        ),
        color=group_colour("role:N", _ROLES, legend=labelled),
        tooltip=[
            alt.Tooltip("method:N", title="method"),
            alt.Tooltip("role:N", title="of"),
            alt.Tooltip("count:Q", title=title, format=","),
            alt.Tooltip("n:Q", title="of all", format=","),
            alt.Tooltip("value:Q", title="share", format=".2%"),
            alt.Tooltip("low:Q", title="95% interval from", format=".2%"),
            alt.Tooltip("high:Q", title="to", format=".2%"),
        ],
    )
    x = alt.X("low:Q", title=f"share {title}", axis=alt.Axis(format="~%", tickCount=5))
    return alt.layer(
        drawn.mark_rule(strokeWidth=3, opacity=0.5).encode(x=x, x2=alt.X2("high:Q")),
        drawn.mark_point(filled=True, size=70, opacity=1).encode(x=alt.X("value:Q"), shape=shape),
    )
