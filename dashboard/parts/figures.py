"""Figures with their intervals, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.wording import ADVANTAGE_HELP, BLIND_HELP, interval, signed, signed_interval


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


def blind_figure(card: Mapping[str, Any]) -> Figure:
    """Give what the best blind baseline of an auditor or of an audit reaches."""
    value = f"{card['blind_auc']:.3f}"
    return Figure("Best blind baseline", value, interval(card["blind_auc_ci"]), BLIND_HELP)


def advantage_figure(card: Mapping[str, Any]) -> Figure:
    """Give how far an auditor or an audit is ahead of its best blind baseline."""
    below = signed_interval(card["advantage_ci"])
    return Figure("Advantage", signed(card["advantage"]), below, ADVANTAGE_HELP)
