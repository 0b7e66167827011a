"""Images in the plane in which a layer's activations differ most."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboard.charts.marks import group_colour
from mintcore.palette import BLIND, EXTERNAL, MEMBER, SERIES

MEMBERS, EXTERNALS = "member", "external"
COLOURINGS = {"membership": "membership", "score": "score of the auditor", "label": "label"}
OTHER = "other"
_GROUPS = {MEMBERS: MEMBER, EXTERNALS: EXTERNAL}
_TAILS = (0.02, 0.98)
"""Scores outside these quantiles share the colours of their ends."""
_HEIGHT_PX = 520


def projection(images: pd.DataFrame, explained: Sequence[float], colouring: str) -> alt.Chart:
    """Draw an image as a point; pointing at it shows it.

    Args:
        images: ``x``, ``y``, ``group`` (``MEMBERS`` or ``EXTERNALS``), ``score``, ``label``, ``shown_label`` as
            ``frequent_labels`` gives it, and ``image``, an address.
        explained: Share of the variance along each axis.
        colouring: A key of ``COLOURINGS``.
    """
    axes = [
        {
            "title": f"{name} component, {share:.0%} of the variance",
            "scale": alt.Scale(zero=False),
            "axis": alt.Axis(labels=False),
        }
        for name, share in zip(("first", "second"), explained, strict=True)
    ]
    colour = {"membership": _of_groups, "score": _of_scores, "label": _of_labels}[colouring]
    return (
        alt.Chart(images, height=_HEIGHT_PX)
        .mark_point(filled=True, size=55, opacity=0.75)
        .encode(
            x=alt.X("x:Q", **axes[0]),
            y=alt.Y("y:Q", **axes[1]),
            color=colour(images),
            shape=alt.Shape(
                "group:N",
                title=None,
                scale=alt.Scale(domain=list(_GROUPS), range=["circle", "triangle-up"]),
                legend=_shape_legend(colouring),
            ),
            description="group:N",
            tooltip=[
                alt.Tooltip("image:N"),
                alt.Tooltip("group:N", title="it is a"),
                alt.Tooltip("label:N", title="label"),
                alt.Tooltip("score:Q", title="score of the auditor", format=".2f"),
            ],
        )
    )


def frequent_labels(labels: pd.Series) -> pd.Series:
    """Keep the most frequent labels, as many as there are colours, and call all further ones ``OTHER``.

    Args:
        labels: Text; None where an image has none.
    """
    named = labels.fillna("no label")
    kept = named.value_counts().index[: len(SERIES)]
    return named.where(named.isin(kept), OTHER)


def _shape_legend(colouring: str) -> alt.Legend:
    """Explain the shapes: in the colours of the groups where these are drawn, else in grey, seen in any theme."""
    if colouring == "membership":
        return alt.Legend(orient="top", symbolOpacity=1)
    return alt.Legend(orient="top", symbolOpacity=1, symbolFillColor=BLIND, symbolStrokeWidth=0)


def _of_groups(images: pd.DataFrame) -> alt.Color:
    return group_colour("group:N", _GROUPS)


def _of_scores(images: pd.DataFrame) -> alt.Color:
    low, high = images["score"].quantile(list(_TAILS))
    return alt.Color(
        "score:Q",
        title="score",
        scale=alt.Scale(
            domain=[low, (low + high) / 2, high], range=[EXTERNAL, BLIND, MEMBER], clamp=True
        ),
        legend=alt.Legend(orient="top", gradientLength=200, titleOrient="left"),
    )


def _of_labels(images: pd.DataFrame) -> alt.Color:
    names = [name for name in images["shown_label"].value_counts().index if name != OTHER]
    return alt.Color(
        "shown_label:N",
        title=None,
        scale=alt.Scale(domain=[*names, OTHER], range=[*SERIES[: len(names)], BLIND]),
        legend=alt.Legend(orient="top", columns=4, symbolOpacity=1, symbolType="square"),
    )
