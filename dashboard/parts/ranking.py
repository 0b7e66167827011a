"""Auditors in the order of what they show."""

import streamlit as st

from dashboard import navigation, reading
from dashboard.reading import Rows
from dashboard.tables import ranking_table
from dashboard.wording import ADVANTAGE_HELP, AUC_HELP, BLIND_HELP


def ranking(auditors: Rows) -> None:
    """List auditors, the best evidence first; choosing one opens it.

    Args:
        auditors: Cards, ranked.
    """
    st.subheader("Which auditors show membership?", anchor=False)
    if not auditors:
        st.caption("None is trained yet.")
        return
    chosen = st.dataframe(
        ranking_table(auditors, reading.default_auditor()),
        hide_index=True,
        key="ranking",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "auditor": st.column_config.TextColumn(width=195),
            "evidence": st.column_config.TextColumn(width=225),
            "advantage": st.column_config.NumberColumn(format="%+.3f", help=ADVANTAGE_HELP),
            "AUC": st.column_config.NumberColumn(format="%.3f", help=AUC_HELP),
            "best blind AUC": st.column_config.NumberColumn(format="%.3f", help=BLIND_HELP),
        },
        alt="Auditors, those that show membership first, by advantage over the best blind baseline.",
    )
    for row in chosen.selection.rows:
        st.switch_page(navigation.TRAIN, query_params={"auditor": auditors[row]["id"]})
    st.caption(
        "Those that show membership come first, by advantage: how far the auditor is ahead of the best baseline that "
        "cannot know the members. Intervals are 95%, over the held-out images counted in each row. Tick a row to open "
        "its auditor."
    )
