"""One artefact, looked into: its figures, its facts, what hangs on it."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import library_reading, navigation, reading
from dashboard.parts.deletion import delete_button
from dashboard.parts.facts import facts
from dashboard.parts.reports import report_downloads
from dashboard.parts.samples import label_chart, samples
from dashboard.parts.titles import rename_button
from dashboard.reading import Kind
from dashboard.registered import dataset_facts, layer_rows, model_facts
from dashboard.titles import title_of
from dashboard.wording import memory_note, named, plain, short_count, size, when
from mintcore.library import layer_names
from mintcore.models.heads import CLASSIFIER, head_of

Card = Mapping[str, Any]


def inspection(kind: Kind, artefact_id: str) -> None:
    """Show an artefact, and offer to rename or delete it."""
    card = reading.card(kind, artefact_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"### {plain(title_of(kind, artefact_id) or artefact_id)}",
            width="stretch",
            anchors=False,
        )
        rename_button(kind, artefact_id)
        delete_button(kind, artefact_id)
    known = f"{named(artefact_id)}, made" if title_of(kind, artefact_id) else "Made"
    taken = size(library_reading.taken(kind, artefact_id))
    st.caption(f"{known} {when(card['created'])}, {taken} on disk")
    _INSPECTED.get(kind, _other)(card)
    if kind in _REPORTED:
        with st.container(horizontal=True):
            report_downloads(artefact_id)
    navigation.result_link({kind: [artefact_id]} if kind in _ELSEWHERE else None)
    with st.expander(
        "Its card: what it was made from, as JSON", key=f"card-{artefact_id}", on_change="rerun"
    ) as opened:
        if opened.open:
            st.json(card, expanded=1)


def _model(card: Card) -> None:
    columns = st.columns(4)
    columns[0].metric("Parameters", f"{card['parameters']:,}", border=True)
    columns[1].metric("Layers", len(layer_names(dict(card))), border=True)
    columns[2].metric(*_output(card), border=True)
    auditors = [each for each in reading.cards("auditors") if each["model"] == card["id"]]
    columns[3].metric("Auditors", len(auditors), border=True)
    facts(model_facts(card))
    if note := memory_note(dict(card)):
        st.info(note, icon=":material/psychology:")
    st.subheader("What can be looked at inside?", anchor=False)
    stores = _stores_of(card)
    st.dataframe(
        pd.DataFrame(layer_rows(card, stores)),
        hide_index=True,
        column_config={"parameters": st.column_config.NumberColumn(format="localized")},
        alt="Layers of the model, from input to output.",
    )
    images = max((store["images"] for store in stores), default=0)
    st.caption(
        f"Activations of {images:,} images are stored."
        if images
        else "No activations are stored yet: training an auditor or an audit computes what it needs."
    )


def _output(card: Card) -> tuple[str, str]:
    if head_of(card) == CLASSIFIER:
        return "Classes", f"{card['num_classes']:,}"
    return "Size of the embedding", f"{card['embedding_size']:,}"


def _dataset(card: Card) -> None:
    counts = card["counts"]
    shown = {"Images": counts["total"]} | {
        name: counts["membership"].get(membership, 0)
        for name, membership in (
            ("Members", "member"),
            ("Externals", "external"),
            ("Unknown", "unknown"),
        )
    }
    for column, (label, count) in zip(st.columns(len(shown)), shown.items(), strict=True):
        column.metric(label, short_count(count), border=True, help=f"{count:,} images")
    facts(dataset_facts(card))
    st.subheader("Which images are in it?", anchor=False)
    samples(card)
    st.subheader("Which labels do they have?", anchor=False)
    label_chart(card)


def _store(card: Card) -> None:
    info = next((each for each in reading.stores() if each["id"] == card["id"]), None)
    if info is None:
        return
    columns = st.columns(3)
    columns[0].metric("Images", f"{info['images']:,}", border=True)
    columns[1].metric("Failed images", f"{info['failed']:,}", border=True)
    columns[2].metric("Layers and views", len(info["layers"]), border=True)
    rows = [
        {
            "layer": array["layer"],
            "view": array["view"],
            "shape of one": " x ".join(map(str, array["shape"])),
            "type": array["dtype"],
            "images": array["rows"],
            "on disk": size(array["bytes"]),
        }
        for array in info["layers"]
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"images": st.column_config.NumberColumn(format="localized")},
        alt="What the store holds, an array a row.",
    )


def _other(card: Card) -> None:
    for key in ("meaning", "question"):
        if card.get(key):
            st.markdown(plain(card[key]))


def _stores_of(model: Card) -> reading.Rows:
    own = {
        card["id"]
        for card in reading.cards("stores")
        if card.get("model") == model["id"]
        and card.get("model_fingerprint") == model["fingerprint"]
    }
    return [info for info in reading.stores() if info["id"] in own]


_INSPECTED: dict[str, Callable[[Card], None]] = {
    "models": _model,
    "datasets": _dataset,
    "stores": _store,
}
_REPORTED = ("audits", "protocols")
_ELSEWHERE = ("auditors", "audits", "comparisons", "methods")
