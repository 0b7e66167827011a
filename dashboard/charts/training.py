"""Training curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.wording import NETWORKS
from mintcore.palette import AUDITOR, BLIND

CURVES = {
    "train_loss": "loss on training images",
    "validation_loss": "loss on validation images",
    "validation_auc": "AUC on validation images",
}
_DASHES = {
    "auditor": [1, 0],
    "fresh weights": [6, 3],
    "reference model": [2, 2],
    "raw pixels": [8, 2, 2, 2],
}
_HEIGHT_PX = 330


def training_rows(epochs: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give the epochs of a training with the network's plain name.

    Args:
        epochs: ``network``, ``epoch`` and the keys of ``CURVES``. A job's measures say
            "auditor: vanilla on dense/pooled" where a finished history says "auditor".
    """
    table = pd.DataFrame(list(epochs), columns=["network", "epoch", *CURVES])
    table["network"] = [str(name).split(":", maxsplit=1)[0] for name in table["network"]]
    table["label"] = [NETWORKS.get(name, name) for name in table["network"]]
    return table


def training_curve(epochs: Sequence[Mapping[str, Any]], curve: str) -> alt.Chart:
    """Draw one curve of a training, a line a network.

    Args:
        epochs: As for ``training_rows``.
        curve: A key of ``CURVES``.
    """
    table = training_rows(epochs)
    labels = [NETWORKS[name] for name in NETWORKS if name in set(table["network"])]
    colours = [AUDITOR if label == NETWORKS["auditor"] else BLIND for label in labels]
    dashes = [_DASHES[name] for name in NETWORKS if name in set(table["network"])]
    legend = alt.Legend(orient="bottom", columns=1, symbolType="stroke", symbolSize=400)
    return (
        alt.Chart(table)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18, filled=True))
        .encode(
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
                alt.Tooltip("epoch:Q", title="epoch"),
                alt.Tooltip(f"{curve}:Q", title=CURVES[curve], format=".4f"),
            ],
        )
        .properties(
            height=_HEIGHT_PX,
            title=alt.Title(CURVES[curve], anchor="start", fontWeight="normal", fontSize=13),
        )
    )
