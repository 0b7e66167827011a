"""How charts are put on a page."""

from typing import Literal

import altair as alt
import streamlit as st

from dashboard.wording import INTERVALS


def show_chart(
    chart: alt.TopLevelMixin,
    alt_text: str,
    note: str = "",
    width: Literal["stretch", "content"] = "stretch",
) -> None:
    """Draw a chart with a description for screen readers and what it rests on below it.

    Args:
        chart: The chart.
        alt_text: What it shows, one sentence.
        note: n and remarks, Markdown.
        width: Whether it fills its place or has a width of its own.
    """
    st.altair_chart(chart, width=width, alt=alt_text)
    if note:
        st.caption(note)


def n_note(n_members: int, n_externals: int) -> str:
    """Say what figures rest on."""
    return f"n = {n_members:,} held-out members and {n_externals:,} held-out externals. {INTERVALS}"
