"""How charts are put on a page."""

from pathlib import Path
from typing import Any, Literal, cast

import altair as alt
import pandas as pd
import streamlit as st
from altair.utils import schemapi

from dashboard.wording import INTERVALS
from mintcore.spreadsheets import csv_bytes

# To check each part of each chart takes longer than to make it; the tests of the chart builders check.
schemapi.disable_debug_mode()

_downloads = st.components.v2.component(
    "mint.chart_downloads",
    css=Path(__file__).with_name("chart_downloads.css").read_text(encoding="utf-8"),
    js=Path(__file__).with_name("chart_downloads.js").read_text(encoding="utf-8"),
)


def show_chart(
    chart: alt.TopLevelMixin,
    table: pd.DataFrame,
    file: str,
    alt_text: str,
    note: str = "",
    *,
    width: Literal["stretch", "content"] = "stretch",
) -> None:
    """Draw a chart that can be taken away, with a description for screen readers and what it rests on below it.

    Args:
        chart: The chart.
        table: What it draws, offered as CSV.
        file: Name of the files to take away, without its ending.
        alt_text: What the chart shows, one sentence.
        note: n and remarks, Markdown.
        width: Whether it fills its place or has a width of its own.
    """
    st.altair_chart(cast("alt.Chart", _Unchecked(chart)), width=width, alt=alt_text)
    _downloads(
        key=f"downloads-{file}",
        data={"file": file, "subject": alt_text, "csv": csv_bytes(table).decode("utf-8")},
    )
    if note:
        st.caption(note)


def n_note(n_members: int, n_externals: int) -> str:
    """Say what figures rest on."""
    return f"n = {n_members:,} held-out members and {n_externals:,} held-out externals. {INTERVALS}"


class _Unchecked:
    """A chart of which Streamlit asks the specification, without checking it against the schema of Vega-Lite.

    Args:
        chart: The chart.
    """

    def __init__(self, chart: alt.TopLevelMixin) -> None:
        self._chart = chart

    def to_dict(self) -> dict[str, Any]:
        """Give the specification."""
        specification: dict[str, Any] = self._chart.to_dict(validate=False)
        return specification
