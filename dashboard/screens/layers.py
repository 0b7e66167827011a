"""Which layers remember the training images?"""

from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.charts.layers import advantage_by_layer, advantage_rows, auc_by_layer, auc_rows
from dashboard.charts.roc import roc, roc_log, roc_rows
from dashboard.parts import jobs
from dashboard.parts.charts import n_note, show_chart
from dashboard.parts.choices import choice
from dashboard.parts.contributions import show_contributions
from dashboard.parts.downloads import csv_download
from dashboard.parts.heading import heading
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.subjects import experiment_choice, subjects
from dashboard.tables import auditor_figures, auditor_table
from dashboard.wording import KINDS, auditor_name, experiment_label, memory_note
from mintcore import library
from mintcore.auditors import OF_SEVERAL
from mintcore.palette import SERIES

_SWEPT = ("vanilla", "cnn")
_OFFERED = [kind for kind in KINDS if kind != "queries"]  # which reads one layer alone


def _experiment(auditors: reading.Rows) -> dict[str, Any]:
    found = library.experiments(auditors)
    wanted = st.query_params.get("auditor")
    of_wanted = [library.experiment_key(card) for card in auditors if card["id"] == wanted]
    if of_wanted and "experiment" not in st.query_params:
        st.query_params["experiment"] = of_wanted[0]
    chosen = choice(
        "Experiment", list(found), "experiment", lambda key: experiment_label(found[key])
    )
    return found[chosen]


def _by_kind(auditors: reading.Rows, layers: list[str]) -> None:
    for kind, words in KINDS.items():
        of_kind = [card for card in auditors if card["auditor_kind"] == kind]
        if not of_kind:
            continue
        st.subheader(words, anchor=False)
        left, right = st.columns(2)
        with left:
            show_chart(
                auc_by_layer(of_kind, layers),
                auc_rows(of_kind),
                f"auc-by-layer-{kind}",
                f"AUC of the {kind} auditor and of its best blind baseline for each layer, with intervals.",
            )
        with right:
            show_chart(
                advantage_by_layer(of_kind, layers),
                advantage_rows(of_kind),
                f"advantage-by-layer-{kind}",
                f"Advantage of the {kind} auditor over its best blind baseline for each layer, with intervals.",
            )


def _of_several(auditors: reading.Rows) -> reading.Rows:
    """Give the newest auditor of each kind that reads several sources."""
    of_kind = {card["auditor_kind"]: card for card in reversed(auditors)}
    return [of_kind[kind] for kind in OF_SEVERAL if kind in of_kind]


def _rocs(auditors: reading.Rows) -> None:
    st.subheader("How many members are found, at which price?", anchor=False)
    by_name = {auditor_name(card): card for card in auditors}
    best = sorted(by_name, key=lambda name: by_name[name]["advantage"], reverse=True)[:3]
    chosen = st.multiselect("Auditors drawn", list(by_name), best, max_selections=len(SERIES))
    if not chosen:
        st.caption("Choose at least one auditor.")
        return
    cards = [by_name[name] for name in chosen]
    left, right = st.columns(2)
    with left:
        show_chart(
            roc(cards), roc_rows(cards), "roc", "ROC curves on linear axes.", "Dashed: chance."
        )
    with right:
        show_chart(
            roc_log(cards),
            roc_rows(cards),
            "roc-log",
            "ROC curves with a logarithmic axis of false positives.",
            "The same, where false positives are rare: the end that matters for single images. The axis ends at one "
            "false positive.",
        )


def _table(auditors: reading.Rows) -> None:
    st.subheader("All figures", anchor=False)
    st.dataframe(
        auditor_table(auditors),
        hide_index=True,
        column_config={
            "advantage": st.column_config.NumberColumn(format="%+.3f"),
            "AUC": st.column_config.NumberColumn(format="%.3f"),
            "best blind AUC": st.column_config.NumberColumn(format="%.3f"),
        },
    )
    csv_download("Figures (CSV)", auditor_figures(auditors), "layers.csv")


def _all_layers() -> None:
    with st.expander("Train auditors for all layers", icon=":material/play_arrow:"):
        known = subjects()
        if known is None:
            return
        request = experiment_choice(known)
        kinds = st.multiselect("Kinds of auditor", _OFFERED, _SWEPT, format_func=KINDS.__getitem__)
        st.caption("Every layer. What is trained already is not trained again.")
        if st.button("Start the sweep", type="primary", disabled=not kinds):
            jobs.submit("sweep", request | {"layers": "all", "kinds": kinds})


def _followed() -> None:
    job = jobs.followed_job("sweep")
    if job is None:
        return
    if job.state == "done":
        del st.query_params["job"]
        st.rerun()
    jobs.follow(job, lambda job: None)


heading(
    "Which layers remember?",
    "An auditor for each layer, from input to output, beside the best baseline that cannot know the members. Only what "
    "the auditor is ahead by is evidence of membership.",
)
stop_where_missing(("models", "datasets"))
_all_layers()
_followed()
_all = reading.cards("auditors")
if not _all:
    st.info("No auditor is trained yet: start a sweep above.", icon=":material/info:")
    st.stop()
_chosen = _experiment(_all)
_model = reading.card("models", _chosen["model"])
_layers = library.layer_names(_model)
_auditors = library.auditors_of(_all, _chosen, _layers)
_with_further = [*_auditors, *library.further_auditors_of(_all, _chosen)]
st.caption(n_note(_with_further[0]["n_members"], _with_further[0]["n_externals"]))
if _note := memory_note(_model):
    st.info(_note, icon=":material/psychology:")
_by_kind(_auditors, _layers)
for _auditor in _of_several(_with_further):
    show_contributions(_auditor)
_rocs(_with_further)
_table(_with_further)
