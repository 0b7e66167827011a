"""Values over layers with their intervals: a line with a band for each role."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from dashboard.charts.depth import inside_axis
from mintcore.palette import BLIND

SHAPES = ("circle", "square", "triangle-up", "diamond")
_DASHES = ([1, 0], [7, 3], [2, 3], [9, 3, 2, 3])
_MARGIN = 0.1
"""Room above and below, as a share of what is drawn."""


def bands(
    rows: pd.DataFrame, colours: Mapping[str, str], x: alt.X, y: alt.Y, *, legend: bool
) -> list[alt.Chart]:
    """Draw a line with a band for each role of each series, the lowest first; a layer alone has a bar.

    Args:
        rows: ``layer``, ``role``, ``value``, ``low`` and ``high`` (NaN where it has no interval), ``series``, and
            ``run`` and ``alone`` as ``depth.runs`` gives them.
        colours: Role -> colour.
        x: The axis of the layers.
        y: The other axis, of any field.
        legend: Whether roles and series are explained here.
    """
    colour = _colour(colours, legend=legend)
    measured = rows.dropna(subset=["low"])
    alone = measured["alone"].astype(bool)
    joined, single = alt.Chart(measured[~alone]), alt.Chart(measured[alone])
    low = of_field(y, "low:Q")
    drawn = alt.Chart(rows).encode(x=x, y=of_field(y, "value:Q"), color=colour)
    lines = drawn.mark_line(strokeWidth=1.5).encode(detail=alt.Detail("run:N"))
    points = drawn.mark_point(filled=True, opacity=1, size=40)
    return [
        joined.mark_area(opacity=0.16).encode(
            x=x,
            y=low,
            y2=alt.Y2("high:Q"),
            color=colour,
            detail=[alt.Detail("series:N"), alt.Detail("run:N")],
        ),
        single.mark_rule(strokeWidth=3, opacity=0.4).encode(
            x=x, y=low, y2=alt.Y2("high:Q"), color=colour
        ),
        *_by_series(lines, points, list(dict.fromkeys(rows["series"])), legend=legend),
    ]


def value_axis(
    *tables: pd.DataFrame, at: float, least_span: float, form: str = ".2f", ticks: int = 5
) -> alt.Y:
    """Give the axis of the values: it holds all of ``low``, ``value`` and ``high``, and the line at ``at``.

    Args:
        *tables: The rows.
        at: A value that is always shown.
        least_span: What it spans at least, so that it does not show differences that are nothing.
        form: How its numbers are written.
        ticks: How many there are, about.
    """
    values = pd.concat([table[["low", "value", "high"]] for table in tables]).stack().dropna()
    low, high = min([at, *values]), max([at, *values])
    room = max((high - low) * _MARGIN, (least_span - (high - low)) / 2)
    scale = alt.Scale(domain=[low - room, high + room], zero=False, nice=False)
    return alt.Y("value:Q", scale=scale, axis=inside_axis(form, ticks))


def of_field(axis: alt.Y, field: str) -> alt.Y:
    """Give the same axis for another field."""
    return alt.Y(field, scale=axis["scale"], axis=axis["axis"])


def _colour(colours: Mapping[str, str], *, legend: bool) -> alt.Color:
    return alt.Color(
        "role:N",
        title=None,
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(orient="top", symbolOpacity=1, symbolType="circle") if legend else None,
    )


def _by_series(
    lines: alt.Chart, points: alt.Chart, names: list[str], *, legend: bool
) -> list[alt.Chart]:
    """Tell several series apart by shape and dashes; one needs neither."""
    if len(names) < 2:
        return [lines, points]
    explained = alt.Legend(orient="top", labelLimit=300, symbolFillColor=BLIND, symbolStrokeWidth=0)
    shapes = alt.Scale(domain=names, range=list(SHAPES[: len(names)]))
    dashes = alt.Scale(domain=names, range=list(_DASHES[: len(names)]))
    shown = explained if legend else None
    return [
        lines.encode(strokeDash=alt.StrokeDash("series:N", title=None, scale=dashes, legend=shown)),
        points.encode(shape=alt.Shape("series:N", title=None, scale=shapes, legend=shown)),
    ]
