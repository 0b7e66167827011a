"""What each layer's auditor says of one image."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.marks import upright_lines
from mintcore.palette import BLIND, EXTERNAL, MEMBER
from mintcore.verdicts import SIGNIFICANCE

OF_EXTERNALS = "of held-out externals"
OF_MEMBERS = "of held-out members"
MUTED = "of held-out externals, where the auditor shows no membership"
_COLOURS = {OF_EXTERNALS: EXTERNAL, OF_MEMBERS: MEMBER, MUTED: BLIND}
_SHAPES = ("circle", "diamond", "circle")
_ROW_PX = 22


def vote_rows(votes: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give a row for each group that a vote compares the image with.

    A layer whose auditor shows no membership has one, that of the externals.

    Args:
        votes: Fields of ``mintcore.layer_votes.Vote``, from input to output.
    """
    rows = []
    for vote in votes:
        rows.append(_row(vote, "externals", OF_EXTERNALS if vote["shown"] else MUTED))
        if vote["shown"]:
            rows.append(_row(vote, "members", OF_MEMBERS))
    return pd.DataFrame(rows)


def votes_by_layer(votes: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Draw for each layer the share of held-out images that score below the image, with intervals.

    Args:
        votes: Fields of ``mintcore.layer_votes.Vote``, from input to output.
    """
    table = vote_rows(votes)
    colour = alt.Color(
        "group:N",
        title=None,
        scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
        legend=alt.Legend(orient="top", labelLimit=440, symbolOpacity=1),
    )
    shape = alt.Shape("group:N", scale=alt.Scale(domain=list(_COLOURS), range=list(_SHAPES)))
    rows = alt.Chart(table, height=alt.Step(_ROW_PX)).encode(
        y=alt.Y(
            "auditor:N",
            sort=list(dict.fromkeys(table["auditor"])),
            title=None,
            axis=alt.Axis(labelLimit=220, labelOverlap=False, labelFlush=False, labelBound=False),
        ),
        color=colour,
        tooltip=_tooltip(),
    )
    intervals = rows.mark_rule(strokeWidth=3, opacity=0.5).encode(
        x=alt.X(
            "low:Q",
            title="share of held-out images that score below this image (dashed: p = 0.05)",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", tickCount=10),
        ),
        x2=alt.X2("high:Q"),
    )
    points = rows.mark_point(filled=True, size=80, opacity=1).encode(
        x=alt.X("share:Q"), shape=shape
    )
    return alt.layer(upright_lines(1 - SIGNIFICANCE), intervals, points)


def _row(vote: Mapping[str, Any], group: str, colour: str) -> dict[str, Any]:
    low, high = vote[f"above_{group}_ci"]
    usual = vote["kind"] == "vanilla"
    return {
        "auditor": vote["layer"] if usual else f"{vote['layer']}, {vote['kind']}",
        "group": colour,
        "share": vote[f"above_{group}"],
        "low": low,
        "high": high,
        "n": vote[f"n_{group}"],
        "p_value": vote["p_value"],
        "score": vote["score"],
        "tier": vote["tier"],
    }


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("auditor:N", title="layer"),
        alt.Tooltip("group:N", title="share"),
        alt.Tooltip("share:Q", title="scores below", format=".1%"),
        alt.Tooltip("low:Q", title="95% interval from", format=".1%"),
        alt.Tooltip("high:Q", title="to", format=".1%"),
        alt.Tooltip("n:Q", title="of", format=","),
        alt.Tooltip("p_value:Q", title="p-value", format=".2g"),
        alt.Tooltip("tier:N", title="evidence of this auditor"),
    ]
