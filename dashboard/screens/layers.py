"""Which layers remember the training images?"""

from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.access import operators_alone
from dashboard.parts import jobs
from dashboard.parts.activation_statistics import show_statistics
from dashboard.parts.charts import n_note
from dashboard.parts.choices import choice
from dashboard.parts.contributions import show_contributions
from dashboard.parts.downloads import csv_download
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.heading import heading
from dashboard.parts.layer_scores import of_several, show_scores
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.projection import show_projection
from dashboard.parts.reports import report_downloads
from dashboard.parts.rocs import show_rocs
from dashboard.parts.subjects import experiment_choice, subjects
from dashboard.tables import auditor_figures, auditor_table
from dashboard.wording import experiment_label, memory_note
from mintcore import library
from mintcore.auditors import KIND_WORDS

_SWEPT = ("vanilla", "cnn")
_OFFERED = [kind for kind in KIND_WORDS if kind != "queries"]  # which reads one layer alone
_SCORES, _ROCS, _ACTIVATIONS, _PROJECTION, _FIGURES = (
    "Scores by depth",
    "ROC curves",
    "Activations",
    "Projection",
    "All figures",
)


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


def _table(auditors: reading.Rows) -> None:
    st.dataframe(
        auditor_table(auditors),
        hide_index=True,
        column_config={
            "advantage": st.column_config.NumberColumn(format="%+.3f"),
            "AUC": st.column_config.NumberColumn(format="%.3f"),
            "best blind AUC": st.column_config.NumberColumn(format="%.3f"),
        },
    )
    st.caption(n_note(auditors[0]["n_members"], auditors[0]["n_externals"]))
    with st.container(horizontal=True):
        report_downloads(library.experiment_key(auditors[0]))
        csv_download("Figures (CSV)", auditor_figures(auditors), "layers.csv")


def _scores(auditors: reading.Rows, layers: list[str]) -> None:
    show_scores(auditors, layers)
    for auditor in of_several(auditors):
        show_contributions(auditor)


def _all_layers() -> None:
    if not operators_alone("start sweeps"):
        return
    with st.expander("Train auditors for all layers", icon=":material/play_arrow:"):
        known = subjects()
        if known is None:
            return
        request = experiment_choice(known)
        kinds = st.multiselect(
            "Kinds of auditor", _OFFERED, _SWEPT, format_func=KIND_WORDS.__getitem__
        )
        st.caption("Every layer. What is trained already is not trained again.")
        if st.button("Start the sweep", type="primary", disabled=not kinds):
            jobs.submit("sweep", request | {"layers": "all", "kinds": kinds})


def _show(made: dict[str, Any]) -> None:
    """Do nothing: the page shows all auditors of an experiment anyway."""


heading(
    "Which layers remember?",
    "An auditor for each layer, from input to output, beside the best baseline that cannot know the members. Only what "
    "the auditor is ahead by is evidence of membership.",
)
stop_where_missing(("models", "datasets"))
_all_layers()
jobs.follow_to_result("sweep", _show)
_all = reading.cards("auditors")
if not _all:
    st.info("No auditor is trained yet: start a sweep above.", icon=":material/info:")
    st.stop()
_chosen = _experiment(_all)
_model = reading.card("models", _chosen["model"])
_layers = library.layer_names(_model)
_auditors = [
    *library.auditors_of(_all, _chosen, _layers),
    *library.further_auditors_of(_all, _chosen),
]
if _note := memory_note(_model):
    st.info(_note, icon=":material/psychology:")
_drawn = {
    _SCORES: lambda: _scores(_auditors, _layers),
    _ROCS: lambda: show_rocs(_auditors, _layers),
    _ACTIVATIONS: lambda: show_statistics(_auditors[0], _layers),
    _PROJECTION: lambda: show_projection(_auditors),
    _FIGURES: lambda: _table(_auditors),
}
for _tab, _draw in zip(
    st.tabs(list(_drawn), key="tab", bind="query-params"), _drawn.values(), strict=True
):
    if _tab.open:
        with _tab, errors_as_sentences():
            _draw()
