"""What was found and done last."""

import streamlit as st

from dashboard import navigation, reading
from dashboard.parts.jobs import STATES
from dashboard.parts.verdicts import audit_colour
from dashboard.reading import Rows
from dashboard.wording import job_title, named, when
from mintcore.jobs import queue

_SHOWN = 5


def recent_audits(audits: Rows) -> None:
    """List the newest audits, each with a link to what it found.

    Args:
        audits: Cards, oldest first.
    """
    st.subheader("Recent audits", anchor=False)
    if not audits:
        st.caption("Nothing was audited yet.")
        navigation.link(navigation.AUDIT_DATASET, "Audit a dataset")
        return
    for audit in reversed(audits[-_SHOWN:]):
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.badge(audit["verdict"], color=audit_colour(audit))
                st.caption(f"{audit['audit_kind']}, {when(audit['created'])}", width="content")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(named(audit.get("dataset") or audit["name"]), width="content")
                if audit["audit_kind"] == "dataset":
                    navigation.result_link({"audits": [audit["id"]]})


def recent_jobs() -> None:
    """List the newest jobs, each with its state and what it made."""
    st.subheader("Recent jobs", anchor=False)
    jobs = queue.list_jobs(reading.home())
    if not jobs:
        st.caption("No job was started here yet.")
        return
    for job in jobs[:_SHOWN]:
        word, colour, icon = STATES[job.state]
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
                st.caption(when(job.created), width="content")
            st.markdown(job_title(job.kind, job.params))
            if job.state == "done":
                with st.container(horizontal=True):
                    navigation.result_link(job.result, job.id)
    if len(jobs) > _SHOWN:
        navigation.link(navigation.JOBS, f"All {len(jobs):,} jobs")
