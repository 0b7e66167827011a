"""The first run, guided: the demo, or a model of one's own, step by step."""

import streamlit as st

from dashboard import reading
from dashboard.access import operators_alone
from dashboard.parts import jobs
from dashboard.parts.missing import DEMO, STEPS, Step, commands, step_link
from dashboard.reading import Kind
from mintcore.holdings import sides
from mintcore.jobs import queue

_KINDS: tuple[Kind, ...] = ("models", "datasets", "auditors")
_DONE, _NEXT, _LATER = (
    ":green[:material/check_circle:]",
    ":blue[:material/arrow_circle_right:]",
    ":gray[:material/radio_button_unchecked:]",
)


def steps_done() -> dict[str, bool]:
    """Tell which steps to a first auditor are done: kind of artefact -> whether there is what it takes."""
    return {
        "models": bool(reading.cards("models")),
        "datasets": all(sides(reading.cards("datasets")).values()),
        "auditors": bool(reading.cards("auditors")),
    }


def two_ways(done: dict[str, bool]) -> None:
    """Offer the two ways to begin, side by side.

    Args:
        done: From ``steps_done``.
    """
    st.info("This home folder is empty. Two ways to begin:", icon=":material/waving_hand:")
    demo, own = st.columns([2, 3], border=True)
    with demo:
        st.subheader("See it work", anchor=False)
        st.markdown(
            "Trains a small classifier on real digits, finds out what it remembers, and shows both on these pages. It "
            "needs no network and takes two to three minutes."
        )
        if operators_alone("start the demo") and st.button(
            "Start the demo", type="primary", icon=":material/play_arrow:"
        ):
            jobs.submit("demo", {})
            st.rerun()
        commands([DEMO])
    with own:
        st.subheader("My own model", anchor=False)
        own_steps(done)


def own_steps(done: dict[str, bool]) -> None:
    """List the steps to a first auditor, each with its link, or ticked where it is done.

    Args:
        done: From ``steps_done``.
    """
    waiting = [kind for kind in _KINDS if not done[kind]]
    for number, kind in enumerate(_KINDS, 1):
        _step(number, STEPS[kind], done=done[kind], is_next=kind == waiting[0])
    commands([STEPS[kind].command for kind in waiting])


def followed_demo() -> bool:
    """Follow the demo where it is under way, or say how it ended.

    Returns:
        Whether it is under way.
    """
    job = jobs.followed_job("demo") or _under_way()
    if job is None:
        return False
    if job.state == "done":
        if "job" in st.query_params:
            del st.query_params["job"]
        st.success("The demo has ended: what it found is below.", icon=":material/check_circle:")
        return False
    jobs.follow(job)
    if job.state not in queue.UNDER_WAY:
        return False
    st.caption(
        "The stages: training two models, computing what they do inside, training auditors for each layer, and "
        "comparing datasets. Results appear on the pages as they come."
    )
    return True


def _under_way() -> queue.Job | None:
    found = queue.list_jobs(reading.home())
    demos = (job for job in found if job.kind == "demo" and job.state in queue.UNDER_WAY)
    return next(demos, None)


def _step(number: int, step: Step, *, done: bool, is_next: bool) -> None:
    mark = _DONE if done else _NEXT if is_next else _LATER
    st.markdown(f"{mark} **{number}. {step.title}**  \n{_said(step, done=done)}")
    step_link(step, primary=is_next)


def _said(step: Step, *, done: bool) -> str:
    if step is not STEPS["datasets"] or done:
        return step.sentence
    there = sides(reading.cards("datasets"))
    if there["member"]:
        return "Members are there. Externals are missing: images of the same source that were not in its training set."
    if there["external"]:
        return "Externals are there. Members are missing: images that were in its training set."
    return step.sentence
