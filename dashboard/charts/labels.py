"""How many images of a dataset have which label."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from mintcore.palette import AUDITED, EXTERNAL, MEMBER

MEMBERSHIPS = {"member": MEMBER, "external": EXTERNAL, "unknown": AUDITED}
"""Membership -> its colour; what is unknown is what will be audited."""
NO_LABEL = "(no label)"
_ROW_PX = 20


def label_rows(counts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Arrange the counts of labels as a table: label, membership, images; without what is not there.

    Args:
        counts: ``label``, ``member``, ``external`` and ``unknown`` of each.
    """
    rows = [
        {"label": _name(row["label"]), "membership": membership, "images": row[membership]}
        for row in counts
        for membership in MEMBERSHIPS
        if row[membership]
    ]
    return pd.DataFrame(rows, columns=["label", "membership", "images"])


def label_bars(counts: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Draw a bar a label, in the order given, with a part for each membership.

    Args:
        counts: As for ``label_rows``.
    """
    table = label_rows(counts)
    there = [name for name in MEMBERSHIPS if name in set(table["membership"])]
    colours = alt.Scale(domain=there, range=[MEMBERSHIPS[name] for name in there])
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("images:Q", title="images", axis=alt.Axis(tickMinStep=1, format="~s")),
            y=alt.Y("label:N", title=None, sort=list(dict.fromkeys(table["label"]))),
            color=alt.Color(
                "membership:N", title=None, scale=colours, legend=alt.Legend(orient="top")
            ),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("label:N", title="label"),
                alt.Tooltip("membership:N", title="membership"),
                alt.Tooltip("images:Q", title="images", format=","),
            ],
        )
        .transform_calculate(rank=f"indexof({there!r}, datum.membership)")
        .properties(height=alt.Step(_ROW_PX))
    )


def _name(label: str | None) -> str:
    return NO_LABEL if label is None else label
