"""Activation maps of one image beside those of the average member and external."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

THIS, MEMBERS, EXTERNALS = "this image", "average member", "average external"
SOURCES = (THIS, MEMBERS, EXTERNALS)
_CELL_PX = 122
_SCHEME = "cividis"  # made for every kind of colour vision (Nuñez, Anderton and Renslow 2018)


def map_rows(panels: Mapping[str, Sequence[np.ndarray]]) -> pd.DataFrame:
    """Give a row for each cell of each map.

    Args:
        panels: Title of a channel -> its (H, W) map of each of ``SOURCES``.
    """
    return pd.DataFrame(
        [
            {"channel": channel, "source": source, "x": x, "y": y, "value": float(value)}
            for channel, maps in panels.items()
            for source, values in zip(SOURCES, maps, strict=True)
            for (y, x), value in np.ndenumerate(values)
        ]
    )


def map_grid(panels: Mapping[str, Sequence[np.ndarray]]) -> alt.HConcatChart:
    """Draw a column for each channel and a row for each of ``SOURCES``; a column has one colour scale.

    Args:
        panels: Title of a channel -> its (H, W) map of each of ``SOURCES``.
    """
    table = map_rows(panels)
    columns = [
        _column(table[table["channel"] == channel], channel, first=not at)
        for at, channel in enumerate(panels)
    ]
    return alt.hconcat(*columns, spacing=16).resolve_scale(color="independent")


def _column(table: pd.DataFrame, channel: str, *, first: bool) -> alt.FacetChart:
    header = alt.Header(
        title=None,
        labels=first,
        labelOrient="left",
        labelAngle=-90,
        labelAlign="center",
        labelFontSize=13,
    )
    return (
        alt.Chart(table)
        .mark_rect()
        .encode(
            x=alt.X("x:O", axis=None),
            y=alt.Y("y:O", axis=None),
            color=alt.Color(
                "value:Q",
                title=None,
                scale=alt.Scale(scheme=_SCHEME, zero=False, nice=False),
                legend=alt.Legend(
                    orient="bottom", gradientLength=_CELL_PX - 16, gradientThickness=8, tickCount=2
                ),
            ),
            tooltip=[
                alt.Tooltip("source:N", title="map of"),
                alt.Tooltip("channel:N", title="channel"),
                alt.Tooltip("value:Q", title="activation", format=".3f"),
            ],
        )
        .properties(width=_CELL_PX, height=_CELL_PX)
        .facet(
            row=alt.Row("source:N", sort=list(SOURCES), header=header),
            spacing=6,
            title=alt.Title(channel, anchor="middle", fontSize=13, fontWeight="normal"),
        )
    )
