"""What is running, and what became of it?"""

import streamlit as st

from dashboard import changes
from dashboard.access import may_operate
from dashboard.navigation import result_link
from dashboard.parts.choices import choice
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.heading import heading
from dashboard.parts.jobs import progress, state_line
from dashboard.parts.paging import page_number
from dashboard.reading import home
from dashboard.wording import duration_between, plain, when
from mintcore.cluster.places import described
from mintcore.jobs import queue
from mintcore.jobs.queue import Job

_A_PAGE = 20
_LOG_LINES = 30
_STATES = {
    "all jobs": (),
    "under way": queue.UNDER_WAY,
    "done": ("done",),
    "ended otherwise": ("failed", "cancelled", "interrupted"),
}


@st.fragment(run_every=1.0)
def _all_jobs() -> None:
    with errors_as_sentences():
        jobs = queue.list_jobs(home())
        if not jobs:
            st.info(
                "No job was started yet. Audits, trainings and comparisons that you start on the other pages "
                "appear here.",
                icon=":material/info:",
            )
        for job in _of_page(_filtered(jobs)):
            _one_job(job)


def _filtered(jobs: list[Job]) -> list[Job]:
    """Keep the jobs that the person wants to see, which the URL says."""
    if not jobs:
        return jobs
    left, right = st.columns(2)
    with left:
        states = choice("Show", list(_STATES), "state")
    with right:
        kinds = ["all kinds", *sorted({job.kind for job in jobs})]
        kind = choice("Kind", kinds, "kind")
    wanted = [
        job
        for job in jobs
        if (not _STATES[states] or job.state in _STATES[states]) and kind in (kinds[0], job.kind)
    ]
    st.caption(f"{len(wanted)} of {len(jobs)} jobs")
    return wanted


def _of_page(jobs: list[Job]) -> list[Job]:
    """Give the jobs of the page that the person chooses, newest first."""
    page = page_number(len(jobs), _A_PAGE)
    return jobs[_A_PAGE * (page - 1) : _A_PAGE * page]


def _one_job(job: Job) -> None:
    with st.container(border=True):
        words, actions = st.columns([5, 1])
        with words:
            state_line(job)
            st.caption(_times(job))
        with actions:
            _action(job)
        if job.state in queue.UNDER_WAY:
            progress(job)
        if job.state == "done":
            result_link(job.result, job.id)
        with st.expander("Log", key=f"log-{job.id}", on_change="rerun") as log:
            if log.open:
                _log(job)


def _log(job: Job) -> None:
    lines = queue.job_log(home(), job.id, tail=_LOG_LINES)
    st.code("\n".join(lines) or "Nothing was logged yet.", language=None, wrap_lines=True)
    st.caption(f"Job `{job.id}`, device {plain(described(job.device))}")


def _action(job: Job) -> None:
    if not may_operate():
        return
    if job.state in ("queued", "running", "interrupted"):
        st.button(
            "Cancel",
            key=f"cancel-{job.id}",
            icon=":material/stop_circle:",
            width="stretch",
            on_click=_cancel,
            args=(job.id,),
        )
    if job.state in ("failed", "cancelled", "interrupted"):
        st.button(
            "Retry",
            key=f"retry-{job.id}",
            icon=":material/refresh:",
            width="stretch",
            on_click=_retry,
            args=(job.id,),
        )


def _cancel(job_id: str) -> None:
    with errors_as_sentences():
        changes.cancel(job_id)


def _retry(job_id: str) -> None:
    with errors_as_sentences():
        changes.retry(job_id)


def _times(job: Job) -> str:
    asked = f"Asked for {when(job.created)}" if job.created else ""
    if job.started and job.ended:
        return f"{asked}. It took {duration_between(job.started, job.ended)}."
    return f"{asked}."


heading(
    "What is running, and what became of it?",
    "Jobs go on when this tab is closed. One that was interrupted goes on where it last saved.",
)
_all_jobs()
