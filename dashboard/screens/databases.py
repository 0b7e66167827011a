"""Is it memory, or only another kind of image?"""

import streamlit as st

from dashboard import reading
from dashboard.charts.databases import database_heat_maps
from dashboard.parts import jobs
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import choice, choose_again
from dashboard.parts.heading import heading
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.subjects import comparison_choice, subjects
from dashboard.tables import cell_figures, cell_table
from dashboard.wording import INTERVALS, named, when


def _ask() -> None:
    with st.expander("Compare other datasets", icon=":material/play_arrow:"):
        known = subjects()
        if known is None:
            return
        request = comparison_choice(known)
        too_few = len(request["external"]) < 2
        if too_few:
            st.caption("Choose at least two datasets of externals.")
        if st.button("Start the comparison", type="primary", disabled=too_few):
            jobs.submit("compare", request)


def _followed() -> None:
    job = jobs.followed_job("compare")
    if job is None:
        return
    if job.state == "done" and job.result:
        choose_again("comparison", job.result["comparisons"][0])
        del st.query_params["job"]
        st.rerun()
    jobs.follow(job, lambda job: None)


def _result(comparisons: reading.Rows) -> None:
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
    card = by_id[chosen]
    st.markdown(
        f"Members are always held-out images of {named(card['members'])}. **Each row is an auditor**, trained against "
        "one dataset of externals; **each column is a test**. Where the externals come from the same source as the "
        "members, the blind baseline stays near 0.5, and what the auditor is ahead by comes from the model's memory. "
        "Where they come from another source, the blind baseline is high too: what looks like membership is the "
        "difference between the collections, and no membership is shown."
    )
    show_chart(
        database_heat_maps(card["cells"], card["external"]),
        cell_figures(card["cells"]),
        chosen,
        "AUC of the auditor, AUC of the best blind baseline and advantage, for each dataset trained against and each "
        "dataset tested on.",
        width="content",
    )
    st.caption(f"Hover a cell for its interval, n and evidence. {INTERVALS}")
    st.dataframe(cell_table(card["cells"]), hide_index=True)


heading(
    "Memory, or another kind of image?",
    "Auditors trained against one dataset of externals and tested against another. An auditor that only learned to "
    "tell two collections apart is found out here.",
)
stop_where_missing(("models", "datasets"))
_ask()
_followed()
_comparisons = reading.cards("comparisons")
if _comparisons:
    _result(_comparisons)
else:
    st.info("No datasets were compared yet: start a comparison above.", icon=":material/info:")
