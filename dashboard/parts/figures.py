"""Figures with their intervals, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Figure:
    """One number that matters.

    Attributes:
        label: What it is.
        value: The number as text.
        below: Its interval, or what it rests on.
        meaning: Shown on request.
    """

    label: str
    value: str
    below: str
    meaning: str


def show_figures(figures: Sequence[Figure]) -> None:
    """Draw figures in one row."""
    for column, figure in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(
            figure.label,
            figure.value,
            figure.below,
            delta_color="off",
            delta_arrow="off",
            help=figure.meaning,
            border=True,
        )
