"""Labels and identities of an audited set, each against held-out externals."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.marks import group_colour, tooltips, upright_lines
from mintcore.palette import AUDITED, BLIND

SET_ROLE = "the auditor"
BLIND_ROLE = "best blind baseline"
_ROLE_COLOURS = {SET_ROLE: AUDITED, BLIND_ROLE: BLIND}
_ROW_PX = 30
_FRAME_PX = 40
_TOOLTIP = (
    ("name:N", "group", None),
    ("role:N", "scored by", None),
    ("auc:Q", "AUC", ".3f"),
    ("low:Q", "95% interval from", ".3f"),
    ("high:Q", "to", ".3f"),
    ("n:Q", "images", ","),
    ("n_externals:Q", "externals", ","),
    ("p_value:Q", "p", ".2g"),
    ("q_value:Q", "q", ".2g"),
)


def auc_by_group(groups: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """Draw the AUC of each group against held-out externals, by the auditor and by the best blind baseline.

    Args:
        groups: Rows of ``mintcore.evaluation.groups.GroupFinding``, in the order to draw; those of audits of earlier
            versions, and identities, have no intervals.
    """
    table = group_rows(groups)
    drawn = alt.Chart(table).encode(
        y=alt.Y("name:N", title=None, sort=list(dict.fromkeys(table["name"]))),
        yOffset=alt.YOffset(
            "role:N", scale=alt.Scale(domain=list(_ROLE_COLOURS), paddingOuter=0.6)
        ),
        color=group_colour("role:N", _ROLE_COLOURS),
        tooltip=tooltips(_TOOLTIP),
    )
    points = drawn.mark_point(filled=True, size=90, opacity=1)
    axis = alt.X(
        "auc:Q",
        title="AUC against externals (dashed: 0.5, chance)",
        scale=alt.Scale(zero=False),
        axis=alt.Axis(tickCount=8),
    )
    shape = alt.Shape(
        "role:N",
        title=None,
        scale=alt.Scale(domain=list(_ROLE_COLOURS), range=["circle", "diamond"]),
    )
    marks = [upright_lines(0.5), *_intervals(drawn, table), points.encode(x=axis, shape=shape)]
    return alt.layer(*marks, height=_FRAME_PX + _ROW_PX * len(groups))


def _intervals(drawn: alt.Chart, table: pd.DataFrame) -> list[alt.Chart]:
    known = table[table["low"].notna()]
    if known.empty:
        return []
    rules = drawn.properties(data=known).mark_rule(strokeWidth=3, opacity=0.5)
    return [rules.encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))]


def group_rows(groups: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give two rows a group, that of the auditor and that of its best blind baseline, with their intervals."""
    rows = []
    for group in groups:
        named = {**group, "name": f"{group['kind']} {group['group']}"}
        rows.append(named | _ends(group, "auc") | {"role": SET_ROLE})
        rows.append(
            named | _ends(group, "blind_auc") | {"role": BLIND_ROLE, "auc": group["blind_auc"]}
        )
    return pd.DataFrame(rows)


def _ends(group: Mapping[str, Any], figure: str) -> dict[str, Any]:
    return {"low": group.get(f"{figure}_low"), "high": group.get(f"{figure}_high")}
