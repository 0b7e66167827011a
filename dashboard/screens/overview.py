"""What is in this home folder?"""

import pandas as pd
import streamlit as st

from dashboard import navigation, reading
from dashboard.parts.heading import heading
from dashboard.parts.missing import DEMO, REGISTER_DATASETS, REGISTER_MODEL, STEPS, SWEEP, missing
from dashboard.parts.verdicts import audit_colour
from dashboard.reading import Rows
from dashboard.tables import auditor_table
from dashboard.wording import (
    ADVANTAGE_HELP,
    AUC_HELP,
    BLIND_HELP,
    memory_note,
    named,
    size,
    when,
)
from mintcore import library

_SHOWN = 5
_KINDS = ("models", "datasets", "auditors")


def _welcome() -> None:
    st.info("This home folder is empty. Two ways to begin:", icon=":material/waving_hand:")
    demo, own = st.columns([2, 3], border=True)
    with demo:
        st.subheader("See it work first", anchor=False)
        st.markdown(
            "Trains a small classifier on real digits, finds out what it remembers, and shows both on these pages. "
            "It runs offline and takes about two minutes."
        )
        st.code(DEMO, language="bash")
    with own:
        st.subheader("Audit a model of your own", anchor=False)
        for words, command in (
            ("1. Register the model:", REGISTER_MODEL),
            (
                "2. Register images it was trained on, and images of the same source it never saw:",
                REGISTER_DATASETS,
            ),
            ("3. Train an auditor for every layer:", SWEEP),
        ):
            st.markdown(words)
            st.code(command, language="bash", wrap_lines=True)
    st.caption(
        f"Add {named(f'--home {reading.home().path}')} to each command, then reload this page."
    )


def _counts(models: Rows, datasets: Rows, auditors: Rows, stores: Rows) -> None:
    columns = st.columns(5)
    columns[0].metric("Models", len(models), border=True)
    columns[1].metric("Datasets", len(datasets), border=True)
    images = sum(card["counts"]["total"] for card in datasets)
    columns[2].metric("Images registered", f"{images:,}", border=True)
    columns[3].metric("Auditors", len(auditors), border=True)
    columns[4].metric(
        "On disk",
        size(sum(store["bytes"] for store in stores)),
        border=True,
        help="The feature stores: what the models compute inside for the registered images.",
    )


def _next_step(counts: dict[str, int]) -> None:
    gaps = missing(counts, _KINDS)
    if gaps:
        sentence, command = STEPS[gaps[0]]
        with st.container(border=True):
            st.markdown(f"**What to do next.** {sentence}")
            st.code(command, language="bash")


def _auditors(auditors: Rows) -> None:
    st.subheader("Which auditors show membership?", anchor=False)
    if not auditors:
        st.caption("None is trained yet.")
        return
    st.dataframe(
        auditor_table(auditors),
        hide_index=True,
        column_config={
            "evidence": st.column_config.TextColumn(width="medium"),
            "advantage": st.column_config.NumberColumn(format="%+.3f", help=ADVANTAGE_HELP),
            "AUC": st.column_config.NumberColumn(format="%.3f", help=AUC_HELP),
            "best blind AUC": st.column_config.NumberColumn(format="%.3f", help=BLIND_HELP),
        },
        alt="Auditors, those that show membership first, by advantage over the best blind baseline.",
    )
    st.caption(
        "Those that show membership come first, by advantage: how far the auditor is ahead of the best baseline that "
        "cannot know the members. Intervals are 95%, over the held-out images counted in each row."
    )


def _audits(audits: Rows) -> None:
    st.subheader("Recent audits", anchor=False)
    if not audits:
        st.caption("Nothing was audited yet.")
        return
    for audit in reversed(audits[-_SHOWN:]):
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.badge(audit["verdict"], color=audit_colour(audit))
                st.caption(f"{audit['audit_kind']}, {when(audit['created'])}", width="content")
            st.markdown(named(audit.get("dataset") or audit["name"]))
            if audit["audit_kind"] == "dataset":
                navigation.result_link({"audits": [audit["id"]]})


def _holdings(models: Rows, datasets: Rows, stores: Rows) -> None:
    st.subheader("Models, datasets and stores", anchor=False)
    tabs = st.tabs(
        [f"Models ({len(models)})", f"Datasets ({len(datasets)})", f"Stores ({len(stores)})"]
    )
    with tabs[0]:
        st.dataframe(pd.DataFrame([_model(card) for card in models]), hide_index=True)
    with tabs[1]:
        st.dataframe(pd.DataFrame([_dataset(card) for card in datasets]), hide_index=True)
    with tabs[2]:
        st.dataframe(pd.DataFrame([_store(info) for info in stores]), hide_index=True)


def _model(card: dict[str, object]) -> dict[str, object]:
    return {
        "model": card["id"],
        "architecture": card["arch"],
        "parameters": f"{card['parameters']:,}",
        "layers": len(library.layer_names(card)),
        "registered": when(str(card["created"])),
        "fingerprint": card["fingerprint"],
    }


def _dataset(card: dict[str, dict[str, dict[str, int]]]) -> dict[str, object]:
    of_kind = card["counts"]["membership"]
    return {
        "dataset": card["id"],
        "images": card["counts"]["total"],
        "members": of_kind.get("member", 0),
        "external": of_kind.get("external", 0),
        "unknown": of_kind.get("unknown", 0),
        "labels": card["counts"]["labels"],
        "source": card["source"],
    }


def _store(info: dict[str, list[dict[str, object]]]) -> dict[str, object]:
    return {
        "store": info["id"],
        "images": info["images"],
        "failed images": info["failed"],
        "layers and views": len(info["layers"]),
        "on disk": size(int(str(info["bytes"]))),
    }


heading(
    "What is in this home folder?",
    "Models under audit, the images known to it, and what was found so far.",
)
_models, _datasets, _auditors_found = (
    reading.cards(kind) for kind in ("models", "datasets", "auditors")
)
if not _models and not _datasets:
    _welcome()
else:
    _stores = reading.stores()
    _counts(_models, _datasets, _auditors_found, _stores)
    _next_step(
        {"models": len(_models), "datasets": len(_datasets), "auditors": len(_auditors_found)}
    )
    _audited = {card["model"] for card in _auditors_found}
    for _note in filter(None, (memory_note(card) for card in _models if card["id"] in _audited)):
        st.info(_note, icon=":material/psychology:")
    _auditors(reading.ranked_auditors())
    left, right = st.columns([2, 3])
    with left:
        _audits(reading.cards("audits"))
    with right:
        _holdings(_models, _datasets, _stores)
