"""Is it memory, or only another kind of image?"""

from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.access import operators_alone
from dashboard.charts.databases import MOST_BESIDE, TITLES, Figure, heat_map, heat_maps
from dashboard.parts import jobs, sources
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import choice, choose_again, segments
from dashboard.parts.downloads import csv_download
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.heading import heading
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.overlaps import ask_overlap, follow_overlap, show_overlaps
from dashboard.parts.subjects import comparison_choice, subjects
from dashboard.tables import cell_figures, cell_table
from dashboard.wording import INTERVALS, when


def _ask() -> None:
    if not operators_alone("start comparisons"):
        return
    with st.expander("Compare other datasets", icon=":material/play_arrow:"):
        known = subjects()
        if known is None:
            return
        request = comparison_choice(known)
        count = len(request["external"])
        if count < 2:
            st.caption("Choose at least two datasets of externals.")
        else:
            auditors = count if count == 2 else 2 * count
            st.caption(
                f"{auditors} auditors: one against each dataset{', and one against all but each' * (count > 2)}. What "
                "is trained already is not trained again."
            )
        if st.button("Start the comparison", type="primary", disabled=count < 2):
            jobs.submit("compare", request)


def _show(made: dict[str, Any]) -> None:
    choose_again("comparison", made["comparisons"][0])


def _comparison(comparisons: reading.Rows) -> dict[str, Any]:
    by_id = {card["id"]: card for card in reversed(comparisons)}
    chosen = choice(
        "Comparison shown",
        list(by_id),
        "comparison",
        lambda name: (
            f"{by_id[name]['model']}, layer {by_id[name]['layer']}, {by_id[name]['auditor_kind']}: "
            f"{' / '.join(by_id[name]['external'])} ({when(by_id[name]['created'])})"
        ),
    )
    return by_id[chosen]


def _pairs(card: dict[str, Any]) -> None:
    st.subheader("What does each pair of datasets show?", anchor=False)
    st.caption(
        "Each row is an auditor, trained against one dataset of externals; each column is a test on held-out images. "
        "Pink is what the auditor reaches, grey what a baseline reaches that cannot know the members."
    )
    few = len(card["external"]) <= MOST_BESIDE
    figure: Figure = "advantage"
    if not few:
        figure = segments("Figure", TITLES, "figure", figure, "collapsed")
    show_chart(
        heat_maps(card["cells"], card["external"])
        if few
        else heat_map(card["cells"], card["external"], figure),
        cell_figures(card["cells"]),
        f"{card['id']}-{'pairs' if few else figure}",
        f"{'Each figure' if few else TITLES[figure].capitalize()} for each dataset trained against and each dataset "
        "tested on.",
        f"Outlined: membership is shown there. Hover a tile for its interval, n and evidence. {INTERVALS}",
        width="content",
    )


def _table(card: dict[str, Any]) -> None:
    with st.expander("All figures as a table", icon=":material/table:"):
        st.dataframe(cell_table(card["cells"]), hide_index=True)
        csv_download("Figures (CSV)", cell_figures(card["cells"]), f"{card['id']}.csv")


def _result(card: dict[str, Any]) -> None:
    answer = st.container()
    _pairs(card)
    _table(card)
    st.subheader("Same source against other source", anchor=False)
    same = sources.same_source_choice(card)
    sources.same_against_other(card, same)
    with answer:
        sources.finding(card, same)
    st.subheader("Does it carry over to a source that was left out?", anchor=False)
    sources.each_left_out(card)


def _overlaps() -> None:
    st.subheader("Do datasets share images?", anchor=False)
    ask_overlap(reading.cards("datasets"))
    follow_overlap()
    found = reading.cards("overlaps")
    if found:
        show_overlaps(found)
    else:
        st.info("No two datasets were compared yet: choose two above.", icon=":material/info:")


heading(
    "Memory, or another kind of image?",
    "Auditors trained against one dataset of externals and tested against another. An auditor that only learned to "
    "tell two collections apart is found out here.",
)
stop_where_missing(("models", "datasets"))
_ask()
jobs.follow_to_result("compare", _show)
_comparisons = reading.cards("comparisons")
if _comparisons:
    with errors_as_sentences():
        _result(_comparison(_comparisons))
else:
    st.info("No datasets were compared yet: start a comparison above.", icon=":material/info:")
st.divider()
with errors_as_sentences():
    _overlaps()
