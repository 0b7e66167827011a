"""Runs, which are trained auditors, beside each other. A run has one colour in all of its charts."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.marks import plain_title, upright_lines
from dashboard.charts.training import CURVES, mean_rows, training_rows
from mintcore.palette import BLIND, SERIES

MOST_RUNS = len(SERIES)
OWN, BLIND_ROLE = "auditor", "best blind baseline"
_HEIGHT_PX = 340
_PLOT_PX = 220
_LABEL_PX = 16
_ROW_PX = 44
_MARGIN = 0.02

Runs = Mapping[str, Mapping[str, Any]]
"""Name of a run -> the auditor's card, in the order of the colours."""


def curve_rows(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    """Give the mean curves of the auditors' own networks, by run and epoch.

    Args:
        histories: Name of a run -> its epochs, as ``training_rows`` takes them.
    """
    tables = []
    for run, epochs in histories.items():
        means = mean_rows(training_rows(epochs))
        own = (
            means[means["network"] == "auditor"]
            .groupby("epoch", as_index=False)[list(CURVES)]
            .mean()
        )
        tables.append(own.assign(run=run))
    return pd.concat(tables, ignore_index=True)


def run_curves(histories: Mapping[str, Sequence[Mapping[str, Any]]], curve: str) -> alt.LayerChart:
    """Draw one curve of several runs, each named where its line ends.

    Args:
        histories: As for ``curve_rows``.
        curve: A key of ``CURVES``.
    """
    table = curve_rows(histories)
    domain = _span(table[curve])
    y = alt.Y(f"{curve}:Q", title=None, scale=alt.Scale(domain=domain, zero=False))
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=14, filled=True))
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d")),
            y=y,
            color=_colour(list(histories)),
            tooltip=[
                alt.Tooltip("run:N", title="run"),
                alt.Tooltip("epoch:Q", title="epoch"),
                alt.Tooltip(f"{curve}:Q", title=CURVES[curve], format=".4f"),
            ],
        )
    )
    names = (
        alt.Chart(_ends(table, curve, domain))
        .mark_text(align="left", dx=8, fontSize=12)
        .encode(
            x=alt.X("epoch:Q"),
            y=alt.Y("at:Q", title=None),
            text=alt.Text("run:N"),
            color=_colour(list(histories)),
        )
    )
    return alt.layer(
        lines,
        names,
        height=_HEIGHT_PX,
        title=plain_title(f"{CURVES[curve]}, mean of the seeds"),
    )


def interval_rows(runs: Runs) -> pd.DataFrame:
    """Give the AUC of each run and of its best blind baseline, and its advantage, with intervals."""
    rows = []
    for name, card in runs.items():
        counts = {"run": name, "tier": card["tier"], "n": card["n_members"] + card["n_externals"]}
        for figure, role, key in (
            ("AUC", OWN, "auc"),
            ("AUC", BLIND_ROLE, "blind_auc"),
            ("advantage", OWN, "advantage"),
        ):
            low, high = card[f"{key}_ci"]
            found = {
                "figure": figure,
                "scored_by": role,
                "value": card[key],
                "low": low,
                "high": high,
            }
            rows.append(counts | found)
    return pd.DataFrame(rows)


def run_aucs(runs: Runs) -> alt.LayerChart:
    """Draw the AUC of each run above that of its best blind baseline, with intervals."""
    table = interval_rows(runs).query("figure == 'AUC'")
    offset = alt.YOffset("scored_by:N", scale=alt.Scale(domain=[OWN, BLIND_ROLE], paddingOuter=0.4))
    blind = alt.condition(
        f"datum.scored_by == '{BLIND_ROLE}'", alt.value(BLIND), _colour(list(runs))
    )
    title = "AUC (grey: best blind baseline; dashed: 0.5, chance)"
    return _intervals(table, list(runs), title, 0.5, color=blind, yOffset=offset)


def run_advantages(runs: Runs) -> alt.LayerChart:
    """Draw the advantage of each run over its best blind baseline, with intervals."""
    table = interval_rows(runs).query("figure == 'advantage'")
    title = "advantage: auditor minus blind (dashed: 0, none)"
    return _intervals(table, list(runs), title, 0.0, color=_colour(list(runs)))


def _intervals(
    table: pd.DataFrame, names: list[str], title: str, at: float, **channels: Any
) -> alt.LayerChart:
    span = [min(at, table["low"].min()) - _MARGIN, max(at, table["high"].max()) + _MARGIN]
    drawn = alt.Chart(table, height=alt.Step(_ROW_PX, **{"for": "position"})).encode(
        y=alt.Y("run:N", sort=names, title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=[
            alt.Tooltip("run:N", title="run"),
            alt.Tooltip("scored_by:N", title="scored by"),
            alt.Tooltip("value:Q", title="value", format=".3f"),
            alt.Tooltip("low:Q", title="95% interval from", format=".3f"),
            alt.Tooltip("high:Q", title="to", format=".3f"),
            alt.Tooltip("tier:N", title="evidence"),
            alt.Tooltip("n:Q", title="held-out images", format=","),
        ],
    )
    x = alt.X(
        "low:Q", title=None, scale=alt.Scale(domain=span, zero=False), axis=alt.Axis(tickCount=6)
    )
    bars = drawn.mark_rule(strokeWidth=3, opacity=0.6).encode(x=x, x2=alt.X2("high:Q"), **channels)
    points = drawn.mark_point(filled=True, size=90, opacity=1).encode(
        x=alt.X("value:Q"), **channels
    )
    return alt.layer(upright_lines(at), bars, points, title=plain_title(title))


def _colour(names: list[str]) -> alt.Color:
    scale = alt.Scale(domain=names, range=list(SERIES[: len(names)]))
    return alt.Color("run:N", title=None, scale=scale, legend=None)


def _span(values: "pd.Series[float]") -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * 0.08, 1e-3)
    return [low - room, high + room]


def _ends(table: pd.DataFrame, curve: str, domain: Sequence[float]) -> pd.DataFrame:
    """Place a name at the end of each line, so far apart that they can be read."""
    ends = table.loc[table.groupby("run")["epoch"].idxmax()].sort_values(curve)
    apart = (domain[1] - domain[0]) * _LABEL_PX / _PLOT_PX
    places: list[float] = []
    for value in ends[curve]:
        places.append(max(value, places[-1] + apart) if places else value)
    over = max(0.0, places[-1] - domain[1])
    return ends.assign(at=[place - over for place in places], epoch=table["epoch"].max())
