"""Jobs on pages: started, followed, and told of."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard import changes
from dashboard.access import may_operate
from dashboard.parts.errors import errors_as_sentences
from dashboard.reading import home
from dashboard.wording import duration, job_title, plain
from mintcore.jobs import queue
from mintcore.jobs.queue import Job

STATES = {
    "queued": ("waiting", "gray", ":material/schedule:"),
    "running": ("running", "blue", ":material/play_circle:"),
    "cancelling": ("stopping", "orange", ":material/hourglass_bottom:"),
    "done": ("done", "green", ":material/check_circle:"),
    "failed": ("failed", "red", ":material/error:"),
    "cancelled": ("cancelled", "gray", ":material/cancel:"),
    "interrupted": ("interrupted", "orange", ":material/pause_circle:"),
}
_FOLLOW_S = 1.0
_BADGE_S = 3.0
_SEEN = "jobs-under-way"


def submit(kind: str, params: dict[str, Any]) -> None:
    """Start a job, or join the one that does the same, and make the page follow it."""
    with errors_as_sentences():
        st.query_params["job"] = changes.submit(kind, params)


def nothing_more(job: Job) -> None:
    """Draw nothing but the progress of a job."""


def follow_to_result(
    kind: str,
    show: Callable[[dict[str, Any]], None],
    draw: Callable[[Job], None] = nothing_more,
) -> None:
    """Follow the job that the URL names, where it is one of this kind; when it is done, the page shows what it made.

    Args:
        kind: The kind of job.
        show: Makes the page show what was made (kind of artefact -> ids) from the next run on.
        draw: Draws what is special about a job that is under way, below its progress.
    """
    job = followed_job(kind)
    if job is None:
        return
    if job.state == "done" and job.result:
        show(job.result)
        del st.query_params["job"]
        st.rerun()
    follow(job, draw)


def followed_job(kind: str) -> Job | None:
    """Give the job that the URL names, where it is one of this kind."""
    job_id = st.query_params.get("job")
    if job_id is None:
        return None
    with errors_as_sentences():
        job = queue.read_job(home(), job_id)
        return job if job.kind == kind else None
    return None


def follow(job: Job, draw: Callable[[Job], None] = nothing_more) -> None:
    """Draw a job, again each second until it has ended; then the whole page runs again.

    Args:
        job: The job.
        draw: Draws what is special about it, below its progress.
    """
    if job.state in queue.UNDER_WAY:
        _follow(job.id, draw)
    else:
        ended(job)


def ended(job: Job) -> None:
    """Say how a job ended that did not end well; nothing where it is done."""
    if job.state == "done":
        return
    with st.container(border=True):
        state_line(job)
        if may_operate() and st.button(
            "Try again", key=f"retry-{job.id}", icon=":material/refresh:"
        ):
            with errors_as_sentences():
                st.query_params["job"] = changes.retry(job.id)
                st.rerun()


@st.fragment(run_every=_FOLLOW_S)
def _follow(job_id: str, draw: Callable[[Job], None]) -> None:
    with errors_as_sentences():
        job = queue.read_job(home(), job_id)
        with st.container(border=True):
            state_line(job)
            progress(job)
            if may_operate() and st.button(
                "Stop", key=f"stop-{job_id}", icon=":material/stop_circle:"
            ):
                changes.cancel(job_id)
        draw(job)
        if job.state not in queue.UNDER_WAY:
            st.rerun()


def state_line(job: Job) -> None:
    """Write what a job does and how it stands."""
    word, colour, icon = STATES[job.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        st.markdown(job_title(job.kind, job.params))
    if job.error:
        st.markdown(plain(job.error))


def progress(job: Job) -> None:
    """Draw how far a job is."""
    if job.state == "queued":
        st.caption("It waits for its turn: jobs run one after the other.")
        return
    share = min(1.0, job.done / job.total) if job.total else 0.0
    st.progress(share, text=plain(progress_text(job)))


def progress_text(job: Job) -> str:
    """Write stage, steps, rate and time left of a job."""
    parts = [job.stage or "Starting"]
    if job.total:
        parts.append(f"{job.done:,} of {job.total:,}")
    if job.reused:
        parts.append(f"{job.reused:,} reused")
    if job.rate:
        parts.append(f"{job.rate:,.1f} a second")
    if job.seconds_left is not None:
        parts.append(f"about {duration(job.seconds_left)} left for this stage")
    return ", ".join(parts)


@st.fragment(run_every=_BADGE_S)
def running_badge() -> None:
    """Show in the sidebar how many jobs are under way, and say it where one has ended."""
    with errors_as_sentences():
        jobs = queue.list_jobs(home())
        under_way = {job.id for job in jobs if job.state in queue.UNDER_WAY}
        for job in jobs:
            if job.id in st.session_state.get(_SEEN, ()) and job.id not in under_way:
                word, _, icon = STATES[job.state]
                st.toast(f"{job_title(job.kind, job.params)}: {word}", icon=icon)
        st.session_state[_SEEN] = under_way
        if under_way:
            noun = "job" if len(under_way) == 1 else "jobs"
            words = f"{len(under_way)} {noun} under way"
            st.badge(words, icon=":material/progress_activity:", color="blue")
