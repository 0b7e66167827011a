"""Titles, colours, lines and tooltips that charts share."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from mintcore.palette import REFERENCE_LINE

Told = Sequence[tuple[str, str, str | None]]
"""Field, title and format of each line of a tooltip."""


def plain_title(text: str) -> alt.Title:
    """Give the title of a chart, above its left edge."""
    return alt.Title(text, anchor="start", fontWeight="normal", fontSize=13)


def group_colour(field: str, colours: Mapping[str, str], *, legend: bool = True) -> alt.Color:
    """Colour by a field of few names.

    Args:
        field: The field, with its type.
        colours: Name -> colour, in the order of the legend.
        legend: Whether the colours are explained here.
    """
    return alt.Color(
        field,
        title=None,
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(orient="top", symbolOpacity=1) if legend else None,
    )


def upright_lines(*places: float) -> alt.Chart:
    """Draw the lines of what means nothing: chance, or no difference."""
    return (
        alt.Chart(pd.DataFrame({"at": list(places)}))
        .mark_rule(color=REFERENCE_LINE, strokeDash=[4, 4])
        .encode(x=alt.X("at:Q"))
    )


def tooltips(told: Told) -> list[alt.Tooltip]:
    """Give the lines of a tooltip."""
    return [
        alt.Tooltip(field, title=title, format=form or alt.Undefined) for field, title, form in told
    ]
