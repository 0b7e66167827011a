"""Audits of one job beside each other."""

import streamlit as st

from dashboard import reading
from dashboard.parts.downloads import csv_download
from dashboard.tables import audit_table
from dashboard.wording import INTERVALS, plain
from mintcore.jobs import queue
from mintcore.verdicts import SIGNIFICANCE


def side_by_side() -> None:
    """Show the audits of one job side by side, where the URL names one."""
    if "batch" not in st.query_params:
        return
    result = queue.read_job(reading.home(), st.query_params["batch"]).result or {}
    st.subheader("Side by side", anchor=False)
    for refused in result.get("refused", ()):
        st.warning(plain(refused), icon=":material/block:")
    found = audit_table([reading.card("audits", audit) for audit in result.get("audits", ())])
    st.dataframe(found, hide_index=True)
    st.caption(
        f"{len(found)} audits. {INTERVALS} With so many tests one p of {SIGNIFICANCE} is no surprise: multiply each "
        "by their number (Bonferroni) before one is taken alone."
    )
    csv_download("Comparison (CSV)", found, "audits.csv")
