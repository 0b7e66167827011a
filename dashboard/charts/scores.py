"""Where scores fall."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from mintcore.palette import AUDITED, EXTERNAL, MEMBER

GROUP_COLOURS = {
    "held-out members": MEMBER,
    "held-out externals": EXTERNAL,
    "audited set": AUDITED,
}
_HEIGHT_PX = 340


def score_distributions(
    histogram: Sequence[Mapping[str, Any]], marks: Sequence[Mapping[str, Any]] = ()
) -> alt.LayerChart:
    """Draw the score distributions of groups, with single images marked on them.

    Args:
        histogram: From ``mintcore.evaluation.histogram.score_histogram``, groups of ``GROUP_COLOURS``.
        marks: ``name`` and ``score`` of single images.
    """
    table = pd.DataFrame([*histogram, *_closing_edges(histogram)])
    table["group_n"] = [
        f"{group} (n = {n:,})" for group, n in zip(table["group"], table["n"], strict=True)
    ]
    labels = table.drop_duplicates("group").set_index("group")["group_n"]
    known = [group for group in GROUP_COLOURS if group in labels.index]
    colour = alt.Color(
        "group_n:N",
        title=None,
        scale=alt.Scale(
            domain=[labels[group] for group in known],
            range=[GROUP_COLOURS[group] for group in known],
        ),
        legend=alt.Legend(orient="top", symbolType="square", labelLimit=400),
    )
    areas = (
        alt.Chart(table)
        .mark_area(interpolate="step-after", fillOpacity=0.18, line={"strokeWidth": 2})
        .encode(
            x=alt.X(
                "low:Q",
                title="score of the auditor (higher: more like a member)",
                axis=alt.Axis(tickCount=10),
            ),
            y=alt.Y("share:Q", title="share of the group", axis=alt.Axis(format="%"), stack=None),
            color=colour,
            tooltip=[
                alt.Tooltip("group:N", title="group"),
                alt.Tooltip("low:Q", title="from score", format=".2f"),
                alt.Tooltip("high:Q", title="to score", format=".2f"),
                alt.Tooltip("share:Q", title="share", format=".1%"),
                alt.Tooltip("count:Q", title="images", format=","),
                alt.Tooltip("n:Q", title="of", format=","),
            ],
        )
    )
    return alt.layer(areas, *_marks(marks), height=_HEIGHT_PX)


def _closing_edges(histogram: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the right edge of each group's last bin, without which a stepped area lacks that bin."""
    last = {row["group"]: row for row in histogram}
    return [{**row, "low": row["high"]} for row in last.values()]


def _marks(marks: Sequence[Mapping[str, Any]]) -> list[alt.Chart]:
    if not marks:
        return []
    drawn = alt.Chart(pd.DataFrame(marks)).encode(
        x=alt.X("score:Q"),
        tooltip=[
            alt.Tooltip("name:N", title="image"),
            alt.Tooltip("score:Q", title="score", format=".2f"),
        ],
    )
    return [
        drawn.mark_rule(color=AUDITED, strokeWidth=3),
        drawn.mark_point(color=AUDITED, shape="triangle-down", size=120, filled=True).encode(
            y=alt.YValue(0)
        ),
    ]
