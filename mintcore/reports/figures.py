"""Figures as people read them, with their intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

from mintcore.reports.content import Figure
from mintcore.verdicts import SMALLEST_P

NOT_MEASURABLE = "not measurable"
_NOTHING = "–"
_LOW_RATES = ("1%", "0.1%")


def count(name: str, number: int) -> Figure:
    """Make the figure of a count."""
    return Figure(name, f"{number:,}", number)


def with_interval(
    name: str, value: float, interval: Sequence[float], form: str = ".3f", unit: str = ""
) -> Figure:
    """Make a figure with its 95% interval.

    Args:
        name: What it is.
        value: The figure.
        interval: Its two ends.
        form: How numbers are written.
        unit: Written after the figure.
    """
    low, high = interval
    said = f"{value:{form}}{unit} ({low:{form}} to {high:{form}})"
    return Figure(name, said, value, (low, high))


def p_value(name: str, value: float) -> Figure:
    """Make the figure of a p-value."""
    said = f"{value:.2g}" if value >= SMALLEST_P else f"below {SMALLEST_P:.0e}"
    return Figure(name, said, value)


def share(name: str, found: Mapping[str, Any] | None) -> Figure:
    """Make the figure of an estimated share of members; None where it could not be measured."""
    if found is None:
        return Figure(name, NOT_MEASURABLE)
    return with_interval(name, found["value"], found["interval"], ".0%")


def low_rates(card: Mapping[str, Any]) -> list[Figure]:
    """Make the figures of the true-positive rates at low false-positive rates.

    Args:
        card: ``low_fpr`` as auditors and audits have it: at 1% and 0.1%.
    """
    return [
        _rate(f"True-positive rate at {asked} false positives", found)
        for asked, found in zip(_LOW_RATES, card["low_fpr"], strict=True)
    ]


def cell(value: float | None, form: str = ".3f") -> str:
    """Write a cell of a table."""
    return _NOTHING if value is None else f"{value:{form}}"


def interval_cell(value: float | None, interval: Sequence[float] | None, form: str = ".3f") -> str:
    """Write a figure with its interval as one cell."""
    if value is None or interval is None:
        return cell(value, form)
    return f"{value:{form}} ({interval[0]:{form}} to {interval[1]:{form}})"


def _rate(name: str, found: Mapping[str, Any] | None) -> Figure:
    if found is None:
        return Figure(name, NOT_MEASURABLE)
    return with_interval(name, found["tpr"], found["tpr_ci"], ".1%")
