"""Registering models and datasets: what a person says of them, and the job that does it."""

from typing import Any

import streamlit as st

from dashboard.parts import jobs
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.offers import Offer, dataset_name, dataset_offer, file_offer
from dashboard.parts.preprocessing import preprocessing_choice
from mintcore.datasets.offers import suggested_name
from mintcore.models.usual_inputs import known_architectures
from mintcore.uploads import upload_mib

_WEIGHTS = ("safetensors", "pt", "pth")
_COLUMN = "column"
_MEMBERSHIPS = {
    "member": "All of them were in the model's training set",
    "external": "None of them was",
    "unknown": "Nobody knows: they are to be audited",
}
_BY_COLUMN = {_COLUMN: "A column of the manifest says it of each"}


def model_registration() -> None:
    """Let the person register a model; the job that does it is followed by the page."""
    left, right = st.columns(2, gap="large")
    with left:
        offered = file_offer("Weights", _WEIGHTS, "weights")
        st.caption(
            "A state dict, as safetensors or as a torch checkpoint. No code in it is ever run, and an upload is not "
            f"kept. Files above {upload_mib()} MiB: put them on this machine."
        )
        name = st.text_input(
            "Name of the model",
            suggested_name(offered.name) if offered else "",
            key=_name_key(offered),
        ).strip()
        classes = st.text_area(
            "Names of the classes, one a line (optional)",
            help="In the order of the outputs. Leave it empty where you do not know them.",
            height=96,
        )
    with right:
        arch = st.selectbox(
            "Architecture",
            known_architectures(),
            None,
            placeholder="Choose the one the weights belong to",
            help="An architecture of your own is registered on the command line: `mint model add --help`.",
        )
        seen = preprocessing_choice(arch) if arch else None
    ready = offered is not None and name and seen is not None
    start = st.button(
        "Register the model", type="primary", icon=":material/add:", disabled=not ready
    )
    if start and offered is not None:
        with errors_as_sentences():
            named = [each.strip() for each in classes.splitlines() if each.strip()]
            about = {"name": name, "arch": arch, "preprocessing": seen, "classes": named or None}
            jobs.submit("add-model", about | _weights(offered))


def dataset_registration() -> None:
    """Let the person register a dataset; the job that does it is followed by the page."""
    left, right = st.columns(2, gap="large")
    with left:
        offered, is_manifest = dataset_offer()
        st.caption(
            "Images stay where they are and must stay there; only a zip that is uploaded is kept here. Zips that are "
            "too large to upload, and other formats: `mint dataset add --help`."
        )
    with right:
        membership = _membership(is_manifest)
        name = dataset_name(offered.name) if offered else ""
    ready = offered is not None and name and membership
    start = st.button(
        "Register the dataset", type="primary", icon=":material/add:", disabled=not ready
    )
    if start and offered is not None:
        with errors_as_sentences():
            jobs.submit(
                "add-dataset", {"name": name, "membership": membership} | offered.settings()
            )


def _membership(is_manifest: bool) -> str:
    ways = _MEMBERSHIPS | (_BY_COLUMN if is_manifest else {})
    chosen = st.radio(
        "Were these images used to train the model?", list(ways), format_func=ways.__getitem__
    )
    if chosen != _COLUMN:
        return str(chosen)
    column = st.text_input(
        "Column",
        "membership",
        help="It has member, external, unknown, 1, 0, true or false in each row.",
    ).strip()
    return f"column:{column}" if column else ""


def _weights(offered: Offer) -> dict[str, Any]:
    kept = offered.settings()
    return {"weights": kept["path"], "uploaded_as": kept.get("uploaded_as")}


def _name_key(offered: Offer | None) -> str:
    """Tell the name of one file from that of another, so that each gets its own suggestion."""
    return f"model-name-{offered.name if offered else ''}"
