"""Was this image used to train the model?"""

from typing import Any

import streamlit as st

from dashboard import navigation, reading
from dashboard.access import operators_alone
from dashboard.parts.choices import auditor_choice
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.heading import heading
from dashboard.parts.image_copies import copies_note, show_copies
from dashboard.parts.image_findings import (
    Judged,
    downloads,
    judge_all,
    show_findings,
    show_scores,
    show_table,
)
from dashboard.parts.image_maps import show_maps
from dashboard.parts.image_neighbours import show_neighbours
from dashboard.parts.image_votes import show_votes
from dashboard.parts.images import image_choice
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.verdicts import held_out_note

_SCORE, _LAYERS, _MAPS, _NEAREST, _COPIES = _VIEWS = (
    "Score",
    "Layers",
    "Activation maps",
    "Nearest images",
    "Copies",
)


def _ask(auditor: str, datasets: reading.Rows) -> Judged:
    if operators_alone("have images judged: that runs the model and keeps the finding"):
        return judge_all(auditor, image_choice(datasets))
    navigation.link(navigation.LIBRARY, "Audits that were kept", {"kind": "audits"})
    return []


def _closer(judged: Judged) -> int:
    """Let the person choose which of several images to look at more closely."""
    if len(judged) == 1:
        return 0
    names = [f"{at + 1}: {finding['name']}" for at, (_, finding) in enumerate(judged)]
    chosen = st.selectbox("Look closer at", names)
    return names.index(str(chosen))


def _details(auditor: dict[str, Any], judged: Judged, chosen: int) -> None:
    """Show what else was found of one image; only what is open is computed."""
    image, finding = judged[chosen]
    shown = {
        _SCORE: lambda: show_scores(auditor["id"], judged),
        _LAYERS: lambda: show_votes(auditor, finding, image),
        _MAPS: lambda: show_maps(auditor, finding, image),
        _NEAREST: lambda: show_neighbours(auditor, finding, image),
        _COPIES: lambda: show_copies(finding, image),
    }
    for tab, view in zip(st.tabs(_VIEWS, key="view", bind="query-params"), _VIEWS, strict=True):
        if tab.open:
            with tab, errors_as_sentences():
                shown[view]()


heading(
    "Was this image used to train the model?",
    "An auditor compares what the model computes for your image with what it computes for images that were, and were "
    "not, in its training set. A single image's result is evidence with an error rate, never proof.",
)
_auditors, _datasets = reading.ranked_auditors(), reading.cards("datasets")
stop_where_missing(("models", "datasets", "auditors"))
_auditor = auditor_choice(_auditors)
held_out_note(_auditor)
_judged = _ask(_auditor["id"], _datasets)
if _judged:
    show_table(_judged)
    show_findings(_judged)
    _chosen = _closer(_judged)
    with errors_as_sentences():
        copies_note(_judged[_chosen][1], _judged[_chosen][0])
    _details(_auditor, _judged, _chosen)
    downloads(_judged, _judged[_chosen][1])
