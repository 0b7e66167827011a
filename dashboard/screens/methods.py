"""Do other methods find the same members?"""

from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.access import operators_alone
from dashboard.methods_reading import Split
from dashboard.parts import jobs, methods
from dashboard.parts.agreement import show_agreement
from dashboard.parts.choices import choice, choose_again
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.heading import heading
from dashboard.parts.methods_request import methods_choice
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.subjects import subjects
from dashboard.wording import when
from mintcore.counted import counted


def _ask() -> None:
    if not operators_alone("run methods"):
        return
    with st.expander("Run the methods", icon=":material/play_arrow:"):
        known = subjects()
        request = None if known is None else methods_choice(known)
        if request and st.button("Start the methods", type="primary"):
            jobs.submit("methods", request)


def _show(made: dict[str, Any]) -> None:
    choose_again("methods", made["methods"][0])


def _run(found: reading.Rows) -> dict[str, Any]:
    by_id = {card["id"]: card for card in reversed(found)}
    chosen = choice("Run shown", list(by_id), "methods", lambda name: _label(by_id[name]))
    return by_id[chosen]


def _label(card: dict[str, Any]) -> str:
    request = card["request"]
    models = len(card["references"])
    references = counted(models, "reference model") if models else "no reference models"
    queries = counted(request["queries"], "query", "queries")
    return (
        f"{card['model']}: {request['members']} against {request['external']}, {references}, "
        f"{queries}, seed {request['seed']} ({when(card['created'])})"
    )


def _result(card: dict[str, Any]) -> None:
    auditors = methods.auditors_beside(card)
    lines = methods.lines_of(card, auditors)
    split = Split(
        card["id"],
        tuple(row["method"] for row in card["rows"]),
        tuple((name, each["id"]) for name, each in auditors.items()),
    )
    methods.finding(split, lines, auditors)
    methods.figures(card, lines, auditors)
    methods.curves(split, auditors, lines)
    show_agreement(split, card, auditors)


heading(
    "How do other methods compare?",
    "Published membership-inference attacks beside MINT auditors, on the same held-out images.",
)
stop_where_missing(("models", "datasets"))
_ask()
jobs.follow_to_result("methods", _show)
_found = reading.cards("methods")
if _found:
    with errors_as_sentences():
        _result(_run(_found))
else:
    st.info("No methods were run yet: start them above.", icon=":material/info:")
