"""How the activations of members differ from those of externals, layer by layer."""
# ruff: noqa: PLC0415 - the statistics import SciPy, which no page needs before they are asked for

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts.activation_statistics import STATISTICS, statistics_by_depth
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import segments
from dashboard.reading import home, home_path, version_of
from dashboard.wording import INTERVALS
from mintcore.activation_sample import store_names
from mintcore.library import store_version
from mintcore.verdicts import FALSE_DISCOVERY_RATE

_ENDS = ("members", "externals", "delta")


def show_statistics(auditor: dict[str, Any], layers: Sequence[str]) -> None:
    """Draw activation statistics of an experiment's members and externals.

    Args:
        auditor: Card of an auditor of the experiment.
        layers: The model's layers, in order.
    """
    statistic = segments("Statistic", STATISTICS, "statistic", "norm")
    versions = tuple(store_version(home(), store) for store in store_names(auditor).values())
    found = _found(
        home_path(),
        auditor["id"],
        version_of("auditors", auditor["id"]),
        versions,
        tuple(layers),
    )
    if found["statistics"].empty:
        st.info(
            "The stores keep no channel means of these images: extract the view `pooled` of some layers.",
            icon=":material/info:",
        )
        return
    show_chart(
        statistics_by_depth(found["statistics"], found["channels"], layers, statistic),
        found["statistics"].merge(found["channels"], on=["network", "layer"]),
        "activation-statistics",
        "Effect size of an activation statistic between members and externals for each layer, its level in both "
        "groups, and the share of channels that differ.",
        _note(found),
    )


def _note(found: Mapping[str, Any]) -> str:
    counts = found["statistics"][["n_members", "n_externals"]].max()
    where = "" if found["everywhere"] else " in a few stretches of neighbouring images"
    return (
        f"n = {counts['n_members']:,} of {found['members']:,} members and {counts['n_externals']:,} of "
        f"{found['externals']:,} externals of the experiment, drawn at random{where}; of each image the mean of every "
        f"channel is read. Effect: Cliff's delta, from -1 to 1. {INTERVALS} **What differs in grey too is a difference "
        "between the images, not membership.** A channel differs where it is found at a false-discovery rate of "
        f"{FALSE_DISCOVERY_RATE:.0%} (Mann-Whitney); a silent channel is zero for an image."
    )


@st.cache_data(show_spinner="Reading activations ...", max_entries=20)
def _found(
    path: str,
    auditor: str,
    version: int,
    stores: tuple[tuple[int, int], ...],
    layers: tuple[str, ...],
) -> dict[str, Any]:
    from mintcore.activation_sample import draw
    from mintcore.activation_statistics import A_GROUP, activation_statistics

    drawn = draw(home(), auditor, A_GROUP)
    card = home().card("auditors", auditor)
    statistics, channels = activation_statistics(home(), card, layers, drawn)
    return {
        "statistics": pd.DataFrame([_flat(asdict(each)) for each in statistics]),
        "channels": pd.DataFrame([asdict(each) for each in channels]),
        "members": drawn.n_members,
        "externals": drawn.n_externals,
        "everywhere": drawn.everywhere,
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Give a value and the ends of its interval a column each."""
    for name in _ENDS:
        measured = row.pop(name)
        low, high = measured["interval"]
        row |= {name: measured["value"], f"{name}_low": low, f"{name}_high": high}
    return row
