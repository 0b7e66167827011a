"""What an auditor of several sources leans on."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from mintcore.palette import AUDITOR

_ROW_PX = 22
_AXIS_PX = 70
"""Below the rows, for the axis and its title: Streamlit counts them into the height."""


def contribution_bars(contributions: Sequence[tuple[str, float]], unit: str) -> alt.Chart:
    """Draw a bar a source, in the order given.

    Args:
        contributions: Name of each source and what it contributes.
        unit: What is measured, as the title of the axis.
    """
    table = pd.DataFrame(contributions, columns=["source", "contribution"])
    return (
        alt.Chart(table, height=_ROW_PX * len(table) + _AXIS_PX)
        .mark_bar(color=AUDITOR)
        .encode(
            x=alt.X("contribution:Q", title=unit, axis=alt.Axis(tickCount=6)),
            y=alt.Y("source:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)),
            tooltip=[
                alt.Tooltip("source:N", title="source"),
                alt.Tooltip("contribution:Q", title=unit, format=".3f"),
            ],
        )
    )
