"""Labels and identities of an audited set, each against held-out externals."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from mintcore.palette import AUDITED, BLIND, REFERENCE_LINE

SET_ROLE = "the auditor"
BLIND_ROLE = "best blind baseline"
_ROLE_COLOURS = {SET_ROLE: AUDITED, BLIND_ROLE: BLIND}
_ROW_PX = 28
_TOOLTIP = (
    ("group:N", "group", None),
    ("role:N", "scored by", None),
    ("auc:Q", "AUC", ".3f"),
    ("n:Q", "images", ","),
    ("n_externals:Q", "externals", ","),
    ("p_value:Q", "p", ".2g"),
    ("q_value:Q", "q", ".2g"),
)


def auc_by_group(groups: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Draw the AUC of each group against held-out externals, by the auditor and by the best blind baseline.

    Args:
        groups: ``kind``, ``group``, ``n``, ``n_externals``, ``auc``, ``blind_auc``, ``p_value`` and ``q_value``, in
            the order to draw.
    """
    table = group_rows(groups)
    y = alt.Y(
        "name:N", title=None, sort=list(dict.fromkeys(table["name"])), scale=alt.Scale(padding=0.5)
    )
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            x=alt.X(
                "auc:Q",
                title="AUC against externals (dashed: 0.5, chance)",
                scale=alt.Scale(zero=False),
            ),
            y=y,
            color=alt.Color(
                "role:N",
                title=None,
                scale=alt.Scale(domain=list(_ROLE_COLOURS), range=list(_ROLE_COLOURS.values())),
                legend=alt.Legend(orient="top", symbolOpacity=1),
            ),
            shape=alt.Shape(
                "role:N",
                title=None,
                scale=alt.Scale(domain=list(_ROLE_COLOURS), range=["circle", "diamond"]),
            ),
            tooltip=[
                alt.Tooltip(field, title=title, format=form or alt.Undefined)
                for field, title, form in _TOOLTIP
            ],
        )
    )
    chance = (
        alt.Chart(pd.DataFrame({"at": [0.5]}))
        .mark_rule(strokeDash=[4, 4], color=REFERENCE_LINE)
        .encode(x="at:Q")
    )
    return alt.layer(chance, points).properties(height=_ROW_PX * (1 + len(groups)))


def group_rows(groups: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give two rows a group, that of the auditor and that of its best blind baseline."""
    rows = []
    for group in groups:
        named = {**group, "name": f"{group['kind']} {group['group']}"}
        rows.append(named | {"role": SET_ROLE})
        rows.append(named | {"role": BLIND_ROLE, "auc": group["blind_auc"]})
    return pd.DataFrame(rows)
