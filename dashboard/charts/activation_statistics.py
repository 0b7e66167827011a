"""Activations of members and externals over the depth of the model."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from dashboard.charts.bands import bands, value_axis
from dashboard.charts.depth import heading, layer_axis, line_at, pointed_together, pointer, runs
from dashboard.wording import signed, signed_interval
from mintcore.palette import AUDITED, BLIND, EXTERNAL, MEMBER

STATISTICS = {
    "mean": "mean activation",
    "norm": "length of the activations (L2 norm)",
    "silent": "share of silent channels",
}
"""Statistic -> its words. Each is one number an image, over the means of the layer's channels."""
AUDITED_MODEL = "auditor"
"""The network whose model is the audited one."""
_AUDITED_ROLE = "audited model"
_GROUPS = {"members": MEMBER, "externals": EXTERNAL}
_EFFECT_PX, _LEVEL_PX, _CHANNELS_PX = 220, 120, 90
_LEAST_EFFECT, _LEAST_SHARE = 0.1, 0.1


def statistics_by_depth(
    statistics: pd.DataFrame, channels: pd.DataFrame, layers: Sequence[str], statistic: str
) -> alt.VConcatChart:
    """Draw how far members lie above externals in a statistic, where both lie, and how many channels differ.

    Args:
        statistics: ``network``, ``layer``, ``statistic``, ``delta``, ``members`` and ``externals``, the last three each
            with ``_low`` and ``_high``.
        channels: ``network``, ``layer``, ``tested`` and ``differing``.
        layers: The layers in the model's order; those without a row are left out.
        statistic: A key of ``STATISTICS``.
    """
    of_statistic = statistics[statistics["statistic"] == statistic]
    there = [layer for layer in layers if layer in set(of_statistic["layer"])]
    pointed = pointer(*_texts(of_statistic, channels, there))
    effects = _effects(of_statistic, there)
    colours = {role: AUDITED if role == _AUDITED_ROLE else BLIND for role in effects["role"]}
    charts = (
        _effect_chart(effects, there, colours, STATISTICS[statistic]) + pointed,
        _level_chart(_levels(of_statistic, there), there, statistic) + pointed,
        _share_chart(_shares(channels, there), there, colours) + pointed,
    )
    return pointed_together(charts)


def _effect_chart(
    rows: pd.DataFrame, layers: Sequence[str], colours: Mapping[str, str], words: str
) -> alt.LayerChart:
    x = layer_axis(layers, labelled=False)
    y = value_axis(rows, at=0.0, least_span=_LEAST_EFFECT)
    title = (
        f"effect: how much more often a member has a larger {words} than an external (dashed: 0)"
    )
    return alt.layer(
        line_at(0.0),
        *bands(rows, colours, x, y, legend=True),
        height=_EFFECT_PX,
        title=heading(title),
    )


def _level_chart(rows: pd.DataFrame, layers: Sequence[str], statistic: str) -> alt.LayerChart:
    form = ".0%" if statistic == "silent" else ".3~g"
    x = layer_axis(layers, labelled=False)
    y = value_axis(rows, at=0.0, least_span=0.0, form=form, ticks=3)
    return alt.layer(
        *bands(rows, _GROUPS, x, y, legend=True),
        height=_LEVEL_PX,
        title=heading(f"{STATISTICS[statistic]} in the audited model"),
    )


def _share_chart(
    rows: pd.DataFrame, layers: Sequence[str], colours: Mapping[str, str]
) -> alt.LayerChart:
    x = layer_axis(layers)
    y = value_axis(rows, at=0.0, least_span=_LEAST_SHARE, form=".0%", ticks=3)
    return alt.layer(
        *bands(rows, colours, x, y, legend=False),
        height=_CHANNELS_PX,
        title=heading("share of channels that differ"),
    )


def _effects(statistics: pd.DataFrame, layers: Sequence[str]) -> pd.DataFrame:
    rows = statistics.assign(
        value=statistics["delta"],
        low=statistics["delta_low"],
        high=statistics["delta_high"],
        role=statistics["network"].map(_role),
    )
    return _placed(rows, layers)


def _levels(statistics: pd.DataFrame, layers: Sequence[str]) -> pd.DataFrame:
    audited = statistics[statistics["network"] == AUDITED_MODEL]
    rows = [
        audited.assign(
            value=audited[group],
            low=audited[f"{group}_low"],
            high=audited[f"{group}_high"],
            role=group,
        )
        for group in _GROUPS
    ]
    return _placed(pd.concat(rows), layers)


def _shares(channels: pd.DataFrame, layers: Sequence[str]) -> pd.DataFrame:
    share = channels["differing"] / channels["tested"]
    rows = channels.assign(value=share, low=None, high=None, role=channels["network"].map(_role))
    return _placed(rows[rows["layer"].isin(layers)], layers)


def _placed(rows: pd.DataFrame, layers: Sequence[str]) -> pd.DataFrame:
    """Tell for each role which layers a line may join."""
    placed = []
    for role, of_role in rows.groupby("role", sort=False):
        run_of = runs(layers, list(of_role["layer"]))
        run, alone = zip(*(run_of[layer] for layer in of_role["layer"]), strict=True)
        placed.append(of_role.assign(run=run, alone=alone, series=role))
    drawn = ["layer", "role", "value", "low", "high", "run", "alone"]
    return pd.concat(placed)[drawn].assign(series="")


def _role(network: str) -> str:
    return _AUDITED_ROLE if network == AUDITED_MODEL else f"blind: {network}"


def _texts(
    statistics: pd.DataFrame, channels: pd.DataFrame, layers: Sequence[str]
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    rows = {layer: {"layer": layer} for layer in layers}
    titles = {"layer": "layer"}
    for row in statistics.to_dict("records"):
        key = "audited" if row["network"] == AUDITED_MODEL else "blind"
        bounds = signed_interval((row["delta_low"], row["delta_high"]))
        rows[row["layer"]] |= {
            f"effect_{key}": f"{signed(row['delta'])} ({bounds})",
            f"members_{key}": f"{row['members']:.3g}, n = {row['n_members']:,}",
            f"externals_{key}": f"{row['externals']:.3g}, n = {row['n_externals']:,}",
        }
        before = _role(row["network"])
        titles |= {f"effect_{key}": f"{before}, effect"}
        titles |= {f"{group}_{key}": f"{before}, {group}" for group in _GROUPS}
    for row in channels[channels["layer"].isin(layers)].to_dict("records"):
        key = "audited" if row["network"] == AUDITED_MODEL else "blind"
        rows[row["layer"]][f"channels_{key}"] = f"{row['differing']} of {row['tested']}"
        titles |= {f"channels_{key}": f"{_role(row['network'])}, channels that differ"}
    table = pd.DataFrame(list(rows.values()), columns=list(titles)).fillna("not stored")
    return table, list(titles.items())
