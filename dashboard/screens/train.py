"""Does a layer give its training images away?"""

from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.access import operators_alone
from dashboard.parts import jobs
from dashboard.parts.choices import choose_again, segments
from dashboard.parts.curves import live_curves
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.estimates import show_estimate
from dashboard.parts.heading import heading
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.runs import compare_runs
from dashboard.parts.subjects import experiment_choice, subjects
from dashboard.parts.sweeps import count_auditors, layers_and_kinds
from dashboard.parts.trained import show_trained

_KINDS = ("train", "sweep")
_ONE, _SEVERAL = "One auditor", "Compare runs"


def _ask() -> None:
    if not operators_alone("start trainings"):
        return
    known = subjects()
    if known is None:
        return
    request = experiment_choice(known)
    request |= layers_and_kinds(request["model"])
    count = count_auditors(request)
    if count:
        show_estimate(request)
    else:
        st.caption("Choose at least one layer and one kind of auditor that reads it.")
    if st.button(
        "Start the training", type="primary", icon=":material/play_arrow:", disabled=not count
    ):
        jobs.submit("train" if count == 1 else "sweep", request)


def _show(made: dict[str, Any]) -> None:
    auditors = made["auditors"]
    choose_again("auditor", auditors[0])
    if len(auditors) > 1:
        choose_again("compare", ",".join(auditors))
        choose_again("results", _SEVERAL)


def _results(auditors: reading.Rows) -> None:
    views = {_ONE: show_trained, _SEVERAL: compare_runs}
    view = segments("View", {name: name for name in views}, "results", _ONE, "collapsed")
    with errors_as_sentences():
        views[view](auditors)


heading(
    "Does this layer remember?",
    "An auditor learns to tell members from externals by what the model computes at one layer. Beside it, blind "
    "baselines learn the same from what cannot know the members.",
)
stop_where_missing(("models", "datasets"))
_ask()
for _kind in _KINDS:
    jobs.follow_to_result(_kind, _show, live_curves)
_auditors = sorted(reading.cards("auditors"), key=lambda card: str(card["created"]), reverse=True)
st.divider()
if _auditors:
    _results(_auditors)
else:
    st.info("No auditor is trained yet: start the first training above.", icon=":material/info:")
