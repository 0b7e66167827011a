"""Same-source against other-source externals, and each source left out, on the page that compares datasets."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.charts.cross_tests import (
    Name,
    cross_test_rows,
    cross_tests,
    left_out_name,
    pair_name,
)
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import choices
from dashboard.wording import INTERVALS, named, plain
from mintcore.databases import OTHER_SOURCE, SAME_SOURCE, by_source, left_out, told_apart
from mintcore.verdicts import BLIND_AUC_CAP, sources_note

_MOST_TESTS = 20
_SCROLLED_PX = 640
"""Of more tests than that, what is drawn scrolls in a frame of its own."""
_HEADINGS = {
    SAME_SOURCE: "Tested on externals of the members' source",
    OTHER_SOURCE: "Tested on externals of another source",
}


def same_source_choice(card: Mapping[str, Any]) -> list[str]:
    """Let the person say which datasets of externals come from the members' source; by default the first does."""
    return choices(
        "Externals from the same source as the members",
        card["external"],
        "same",
        help_text="The first is taken to be, until you say otherwise. Nothing is computed again: the tests are only "
        "grouped by it.",
    )


def finding(card: Mapping[str, Any], same: Sequence[str]) -> None:
    """Say what the tests against each kind of source show."""
    with st.container(border=True):
        for source, cells in by_source(card["cells"], same).items():
            tiers = [cell["tier"] for cell in cells]
            note = sources_note(source, tiers, len(told_apart(cells)))
            head, _, rest = note.partition(".")
            st.markdown(f"**{plain(head)}.**{plain(rest)}")
        st.caption(
            f"Taken to be of the members' source: {', '.join(map(named, same)) or 'none'}, as is said below. Members "
            f"are always held-out images of {named(card['members'])}."
        )


def same_against_other(card: Mapping[str, Any], same: Sequence[str]) -> None:
    """Draw the tests, grouped by where the externals come from."""
    grouped = by_source(card["cells"], same)
    groups = {_HEADINGS[source]: cells for source, cells in grouped.items()}
    _drawn_cells(
        groups,
        f"{card['id']}-sources",
        "AUC of the auditor and of its best blind baseline, and the advantage, for each test, grouped by whether the "
        "externals are of the members' source.",
        f"Trained against → tested on. Only where the grey blind baseline stays left of the line at {BLIND_AUC_CAP:g} "
        f"can the pink auditor show membership. n is in each point. {INTERVALS}",
    )
    odd = {cell["test_external"] for cell in told_apart(grouped.get(SAME_SOURCE, []))}
    if odd:
        st.warning(
            f"{', '.join(map(named, sorted(odd)))}: said to be of the members' source, but a blind baseline tells it "
            "from the members. It differs in a way that a test of membership cannot look through.",
            icon=":material/warning:",
        )


def each_left_out(card: Mapping[str, Any]) -> None:
    """Draw the tests on each source that the auditor was not trained against, though on all others."""
    cells = left_out(card)
    if cells is None:
        st.info(
            "This comparison was made by an earlier version, which left no source out. Start it again above: what is "
            "trained already is not trained again.",
            icon=":material/info:",
        )
        return
    _drawn_cells(
        {"Trained against all sources but one, tested on that one": cells},
        f"{card['id']}-left-out",
        "AUC of the auditor and of its best blind baseline, and the advantage, for each source that was left out.",
        "What an auditor learned of the sources that it saw does not help it on one that it never saw; what it learned "
        f"of the model does. Grey near 1: that source differs as images, and nothing is shown. {INTERVALS}",
        left_out_name,
    )
    if len(card["external"]) == 2:
        st.caption("Of two sources, leaving one out leaves the other.")


def _drawn_cells(
    groups: Mapping[str, Sequence[Mapping[str, Any]]],
    file: str,
    alt_text: str,
    note: str,
    name: Name = pair_name,
) -> None:
    tests = sum(map(len, groups.values()))
    with st.container(height=_SCROLLED_PX if tests > _MOST_TESTS else "content", border=False):
        show_chart(
            cross_tests(groups, BLIND_AUC_CAP, name),
            cross_test_rows(groups, name),
            file,
            alt_text,
            note,
            width="content",
        )
