"""ROC curves of methods and auditors on one split."""

from collections.abc import Collection, Mapping, Sequence

import altair as alt
import pandas as pd

from mintcore.palette import AUDITOR, EXTERNAL, MEMBER, REFERENCE_LINE, SERIES

Curves = Mapping[str, Sequence[tuple[float, float]]]
"""Name -> (false-positive rate, true-positive rate) of each corner."""

_HEIGHT_PX = 440
_STEPS = 40
_COLOURS = [colour for colour in SERIES if colour not in (AUDITOR, MEMBER, EXTERNAL)]
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])


def curve_rows(curves: Curves, lowest_fpr: float = 0.0) -> pd.DataFrame:
    """Give the corners of curves; those below ``lowest_fpr`` are left out, as a logarithmic axis must."""
    rows = [
        {"curve": name, "order": order, "fpr": fpr, "tpr": tpr}
        for name, corners in curves.items()
        for order, (fpr, tpr) in enumerate(corners)
        if fpr >= lowest_fpr
    ]
    return pd.DataFrame(rows, columns=["curve", "order", "fpr", "tpr"])


def method_curves(curves: Curves, auditors: Collection[str]) -> alt.LayerChart:
    """Draw ROC curves on linear axes, with the diagonal of chance; auditors are pink."""
    return _drawn(curves, auditors, alt.Scale(domain=[0, 1]), [0.0, 1.0], 0.0)


def method_curves_log(
    curves: Curves, auditors: Collection[str], n_externals: int
) -> alt.LayerChart:
    """Draw ROC curves on a logarithmic axis of false positives, down to one of the held-out externals."""
    lowest = 1 / n_externals
    chance = [lowest ** (1 - step / _STEPS) for step in range(_STEPS + 1)]
    scale = alt.Scale(type="log", domain=[lowest, 1])
    return _drawn(curves, auditors, scale, chance, lowest)


def _drawn(
    curves: Curves,
    auditors: Collection[str],
    scale: alt.Scale,
    chance: Sequence[float],
    lowest_fpr: float,
) -> alt.LayerChart:
    colours, dashes = _looks(list(curves), auditors)
    legend = alt.Legend(
        orient="bottom", columns=1, symbolType="stroke", symbolSize=300, labelLimit=320
    )
    lines = (
        alt.Chart(curve_rows(curves, lowest_fpr))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("fpr:Q", title="false-positive rate (externals called members)", scale=scale),
            y=alt.Y(
                "tpr:Q",
                title="true-positive rate (members found)",
                scale=alt.Scale(domain=[0, 1]),
            ),
            order=alt.Order("order:Q"),
            color=alt.Color(
                "curve:N",
                title=None,
                scale=alt.Scale(domain=list(curves), range=colours),
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "curve:N",
                title=None,
                scale=alt.Scale(domain=list(curves), range=dashes),
                legend=legend,
            ),
            tooltip=[
                alt.Tooltip("curve:N", title="method"),
                alt.Tooltip("fpr:Q", title="false-positive rate", format=".4f"),
                alt.Tooltip("tpr:Q", title="true-positive rate", format=".4f"),
            ],
        )
    )
    diagonal = (
        alt.Chart(pd.DataFrame({"fpr": chance, "tpr": chance}))
        .mark_line(color=REFERENCE_LINE, strokeDash=[4, 4], strokeWidth=1.5)
        .encode(x=alt.X("fpr:Q"), y=alt.Y("tpr:Q"))
    )
    return alt.layer(diagonal, lines, height=_HEIGHT_PX)


def _looks(
    names: Sequence[str], auditors: Collection[str]
) -> tuple[list[str], list[Sequence[int]]]:
    """Give each curve a colour and a dash of which no two are the same."""
    colours: list[str] = []
    dashes: list[Sequence[int]] = []
    counts = {True: 0, False: 0}
    for name in names:
        of_auditor = name in auditors
        place = counts[of_auditor]
        counts[of_auditor] += 1
        colours.append(AUDITOR if of_auditor else _COLOURS[place % len(_COLOURS)])
        dash = place if of_auditor else place // len(_COLOURS)
        dashes.append(_DASHES[dash % len(_DASHES)])
    return colours, dashes
