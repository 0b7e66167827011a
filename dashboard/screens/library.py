"""What is registered, and what hangs on it?"""

from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st

from dashboard import library_reading
from dashboard.access import operators_alone
from dashboard.parts import jobs
from dashboard.parts.choices import choice, choose_again, segments
from dashboard.parts.deletion import say_what_was_deleted
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.heading import heading
from dashboard.parts.inspection import inspection
from dashboard.parts.registration import dataset_registration, model_registration
from dashboard.reading import Kind, Rows
from dashboard.titles import title

# Kind of artefact -> the query parameter that says which one is looked at.
_PARAMS: dict[Kind, str] = {
    "models": "model",
    "datasets": "dataset",
    "stores": "store",
    "auditors": "auditor",
    "audits": "audit",
    "comparisons": "comparison",
    "methods": "methods",
    "overlaps": "overlap",
    "protocols": "protocol",
}
_ALWAYS: tuple[Kind, ...] = ("models", "datasets", "stores", "auditors", "audits")
_NONE = {
    "models": "No model is registered yet: register the one to audit above.",
    "datasets": "No dataset is registered yet. Register images that were in the model's training set, and images of "
    "the same source that were not.",
    "stores": "Nothing is stored yet: training an auditor computes what it reads, and keeps it.",
    "auditors": "No auditor is trained yet: the page Train an auditor does it.",
    "audits": "Nothing was audited yet: the pages under Audit do it.",
}
_JOBS: dict[str, Kind] = {"add-model": "models", "add-dataset": "datasets"}
_REGISTRATIONS = {
    "models": ("Register a model", model_registration),
    "datasets": ("Register a dataset", dataset_registration),
}
_MOST_ROWS = 7
_ROWS_PX = 300


def _show(kind: Kind, made: dict[str, Any]) -> None:
    choose_again("kind", kind)
    choose_again(_PARAMS[kind], made[kind][0])


def _kind(counts: dict[Kind, int]) -> Kind:
    """Let the person choose a kind; a link that names only an artefact says it as well."""
    named = (kind for kind in counts if _PARAMS[kind] in st.query_params)
    labels = {kind: f"{kind.capitalize()} {count:,}" for kind, count in counts.items()}
    return segments("Kind", labels, "kind", next(named, "models"), "collapsed")


def _registered(kind: Kind) -> list[str]:
    """List what there is of a kind, newest first; give the ids."""
    rows = library_reading.rows(kind)
    if rows:
        table = pd.DataFrame(rows)
        if not table["title"].any():
            table = table.drop(columns="title")
        counts = table.select_dtypes("int").columns
        st.dataframe(
            table,
            hide_index=True,
            height=_height(rows),
            column_config=dict.fromkeys(counts, st.column_config.NumberColumn(format="localized")),
            alt=f"All {kind}, newest first.",
        )
    else:
        st.info(_NONE.get(kind, "There is none."), icon=":material/info:")
    return [row["id"] for row in rows]


def _height(rows: Rows) -> int | Literal["auto"]:
    return "auto" if len(rows) <= _MOST_ROWS else _ROWS_PX


heading(
    "What is registered here?",
    "Models under audit and datasets of images, and all that was made from them: add, look into, rename, delete.",
)
say_what_was_deleted()
_counts = {kind: library_reading.count(kind) for kind in _PARAMS}
_shown = _kind({kind: count for kind, count in _counts.items() if count or kind in _ALWAYS})
if _shown in _REGISTRATIONS:
    _words, _form = _REGISTRATIONS[_shown]
    if operators_alone("register, rename and delete"):
        with st.expander(_words, expanded=not _counts[_shown], icon=":material/add:"):
            _form()
    for _job_kind, _made in _JOBS.items():
        jobs.follow_to_result(_job_kind, partial(_show, _made))
_ids = _registered(_shown)
if _ids:
    _chosen = choice("Look into", _ids, _PARAMS[_shown], lambda name: title(_shown, name))
    st.divider()
    with errors_as_sentences():
        inspection(_shown, _chosen)
