"""ROC curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.wording import auditor_name
from mintcore.palette import REFERENCE_LINE, SERIES

_HEIGHT_PX = 330


def roc_rows(auditors: Sequence[Mapping[str, Any]], lowest_fpr: float = 0.0) -> pd.DataFrame:
    """Give the points of the auditors' curves.

    Args:
        auditors: Cards of auditors.
        lowest_fpr: Points below it are left out, as a logarithmic axis must.
    """
    rows = [
        {
            "curve": auditor_name(card),
            "order": order,
            "fpr": fpr,
            "tpr": tpr,
        }
        for card in auditors
        for order, (fpr, tpr) in enumerate(card["roc"])
        if fpr >= lowest_fpr
    ]
    return pd.DataFrame(rows, columns=["curve", "order", "fpr", "tpr"])


def roc(auditors: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Draw the ROC curves of auditors on linear axes, with the diagonal of chance."""
    return _curves(roc_rows(auditors), auditors, alt.Scale(domain=[0, 1]), [0.0, 1.0])


def roc_log(auditors: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Draw the ROC curves on a logarithmic axis of false positives, down to one image of the externals.

    Below one false positive in all held-out externals nothing can be measured, so the axis ends there.
    """
    lowest = 1 / max(card["n_externals"] for card in auditors)
    scale = alt.Scale(type="log", domain=[lowest, 1])
    chance = [lowest * (1 / lowest) ** (step / 40) for step in range(41)]
    return _curves(roc_rows(auditors, lowest), auditors, scale, chance)


def _curves(
    table: pd.DataFrame,
    auditors: Sequence[Mapping[str, Any]],
    scale: alt.Scale,
    chance: Sequence[float],
) -> alt.LayerChart:
    names = [auditor_name(card) for card in auditors]
    x = alt.X("fpr:Q", title="false-positive rate (externals called members)", scale=scale)
    y = alt.Y(
        "tpr:Q",
        title="true-positive rate (members found)",
        scale=alt.Scale(domain=[0, 1]),
    )
    curves = (
        alt.Chart(table)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=x,
            y=y,
            order="order:Q",
            color=alt.Color(
                "curve:N",
                title=None,
                scale=alt.Scale(domain=names, range=list(SERIES[: len(names)])),
                legend=alt.Legend(orient="top", columns=3),
            ),
            tooltip=[
                alt.Tooltip("curve:N", title="auditor"),
                alt.Tooltip("fpr:Q", title="false-positive rate", format=".4f"),
                alt.Tooltip("tpr:Q", title="true-positive rate", format=".3f"),
            ],
        )
    )
    diagonal = (
        alt.Chart(pd.DataFrame({"fpr": chance, "tpr": chance}))
        .mark_line(color=REFERENCE_LINE, strokeDash=[4, 4], strokeWidth=1.5)
        .encode(x="fpr:Q", y="tpr:Q")
    )
    return alt.layer(diagonal, curves).properties(height=_HEIGHT_PX)
