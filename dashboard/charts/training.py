"""Training curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.marks import plain_title
from dashboard.wording import NETWORKS
from mintcore.palette import AUDITOR, BLIND, SERIES

CURVES = {
    "train_loss": "loss on training images",
    "validation_loss": "loss on validation images",
    "validation_auc": "AUC on validation images",
}
_COLOURS = {"auditor": AUDITOR, "permuted labels": SERIES[1]}
_DASHES = {
    "auditor": [1, 0],
    "fresh weights": [6, 3],
    "reference model": [2, 2],
    "raw pixels": [8, 2, 2, 2],
    "permuted labels": [1, 3],
}
_SEED_OPACITY = 0.25
_HEIGHT_PX = 360


def training_rows(epochs: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give the epochs of a training with the network's plain name and what it reads.

    Args:
        epochs: ``network``, ``epoch``, ``seed`` and the keys of ``CURVES``. A network is called "auditor: vanilla on
            dense/pooled"; a history of an earlier version says "auditor", and has one seed.
    """
    table = pd.DataFrame(list(epochs), columns=["network", "seed", "epoch", *CURVES])
    names = [str(name).partition(": ") for name in table["network"]]
    table["network"] = [network for network, _, _ in names]
    table["reads"] = [reads for _, _, reads in names]
    table["label"] = [NETWORKS.get(network, network) for network in table["network"]]
    return table.fillna({"seed": 0})


def mean_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Give the mean over the seeds of each network, as far as all of its seeds were trained.

    Where one seed has stopped, the mean of the others would jump.

    Args:
        table: As ``training_rows`` gives it.
    """
    network = ["label", "network", "reads"]
    seeds = table.groupby(network)["seed"].transform("nunique")
    trained = table.groupby([*network, "epoch"])["seed"].transform("nunique")
    of_all = table[trained == seeds]
    return of_all.groupby([*network, "epoch"], as_index=False)[list(CURVES)].mean()


def training_curve(epochs: Sequence[Mapping[str, Any]], curve: str) -> alt.LayerChart:
    """Draw one curve of a training: a line a network, the mean of its seeds, and a thin one for each seed.

    Args:
        epochs: As for ``training_rows``.
        curve: A key of ``CURVES``.
    """
    table = training_rows(epochs)
    seeds = alt.Chart(table).mark_line(strokeWidth=1, opacity=_SEED_OPACITY)
    means = alt.Chart(mean_rows(table)).mark_line(
        strokeWidth=2, point=alt.OverlayMarkDef(size=12, filled=True)
    )
    return alt.layer(
        _drawn(seeds, table, curve).encode(detail=[alt.Detail("reads:N"), alt.Detail("seed:N")]),
        _drawn(means, table, curve).encode(detail=alt.Detail("reads:N")),
        height=_HEIGHT_PX,
        title=plain_title(CURVES[curve]),
    )


def _drawn(lines: alt.Chart, table: pd.DataFrame, curve: str) -> alt.Chart:
    labels = [NETWORKS[name] for name in NETWORKS if name in set(table["network"])]
    colours = [_COLOURS.get(name, BLIND) for name in NETWORKS if name in set(table["network"])]
    dashes = [_DASHES[name] for name in NETWORKS if name in set(table["network"])]
    legend = alt.Legend(
        orient="bottom", columns=1, symbolType="stroke", symbolSize=400, symbolOpacity=1
    )
    return lines.encode(
        x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d")),
        y=alt.Y(f"{curve}:Q", title=None, scale=alt.Scale(zero=False)),
        color=alt.Color(
            "label:N", title=None, scale=alt.Scale(domain=labels, range=colours), legend=legend
        ),
        strokeDash=alt.StrokeDash(
            "label:N", title=None, scale=alt.Scale(domain=labels, range=dashes), legend=legend
        ),
        tooltip=[
            alt.Tooltip("label:N", title="network"),
            alt.Tooltip("reads:N", title="kind and what it reads"),
            alt.Tooltip("epoch:Q", title="epoch"),
            alt.Tooltip(f"{curve}:Q", title=CURVES[curve], format=".4f"),
        ],
    )
