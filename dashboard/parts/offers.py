"""Images that are not registered yet: an uploaded zip or manifest, or what lies below an allowed root."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.changes import keep_for_once, keep_upload
from mintcore.datasets.offers import (
    ROOTS_VARIABLE,
    allowed_roots,
    file_below,
    folder_below,
    suggested_name,
)
from mintcore.uploads import upload_mib

NewDataset = Callable[[], dict[str, str]]
"""Gives name and source of a new dataset; raises MintError where its images cannot be kept or read."""

_ZIP, _FOLDER, _MANIFEST = "A zip", "A folder of this machine", "A manifest"
_UPLOAD, _HERE = "Upload it", "On this machine"
_TABLES = ("csv", "parquet")


@dataclass(frozen=True)
class Offer:
    """What a person offers.

    Attributes:
        name: What it could be called.
        settings: Gives the part of a request that says where it is; an upload is kept now, and not before. It raises
            MintError where that fails.
    """

    name: str
    settings: Callable[[], dict[str, Any]]


def offer() -> NewDataset | None:
    """Let the person offer images to audit; nothing is kept before what this gives is called."""
    way = st.segmented_control("Where from", (_ZIP, _FOLDER), key="offer-way", default=_ZIP)
    offered = {_ZIP: _zip, _FOLDER: _folder}[way]() if way else None
    if offered is None:
        return None
    name = dataset_name(offered.name, "Nothing is said of their membership.")
    return lambda: {"name": name, **offered.settings()}


def dataset_offer() -> tuple[Offer | None, bool]:
    """Let the person offer a dataset to register; tell whether it is to be a manifest."""
    ways = {_ZIP: _zip, _FOLDER: _folder, _MANIFEST: _manifest}
    way = st.segmented_control("Images", tuple(ways), key="register-way", default=_ZIP)
    return (ways[way]() if way else None), way == _MANIFEST


def dataset_name(offered: str, remark: str = "") -> str:
    """Let the person name a dataset."""
    help_text = f"The images are registered under this name. {remark}"
    return st.text_input(
        "Name of the dataset", suggested_name(offered), help=help_text.strip()
    ).strip()


def file_offer(label: str, types: tuple[str, ...], key: str) -> Offer | None:
    """Let the person upload a file that one job needs, or choose one below an allowed root.

    Args:
        label: What the file is.
        types: The endings of its name.
        key: Tells the widgets from others of the page.

    Returns:
        The offer; its settings are ``path`` and, of an upload, ``uploaded_as``.
    """
    way = st.segmented_control(label, (_UPLOAD, _HERE), key=f"{key}-way", default=_UPLOAD)
    if way == _HERE:
        return _file_here(key, types)
    file = st.file_uploader(
        label,
        list(types),
        key=f"{key}-file",
        max_upload_size=upload_mib(),
        label_visibility="collapsed",
    )
    if file is None:
        return None
    suffix = Path(file.name).suffix.lower()
    return Offer(
        file.name,
        lambda: {
            "path": str(keep_for_once(file, suffix)),
            "uploaded_as": Path(file.name).name,
        },
    )


def _zip() -> Offer | None:
    file = st.file_uploader("Zip of images", type="zip", max_upload_size=upload_mib())
    if file is None:
        return None
    return Offer(file.name, lambda: {"source": f"zip:{keep_upload(file)}"})


def _folder() -> Offer | None:
    root = _root("Below")
    if root is None:
        return None
    below = st.text_input("Folder", placeholder="scraped/2026", help="Its path from there.").strip()
    if not below:
        return None
    return Offer(below, lambda: {"source": f"folder:{folder_below(root, below)}"})


def _manifest() -> Offer | None:
    st.caption("A table, .csv or .parquet, with a column `path`: a row an image.")
    if not allowed_roots():
        _no_roots()
        return None
    offered = file_offer("The manifest", _TABLES, "manifest")
    uploaded = st.session_state.get("manifest-way") != _HERE
    root = _root("Its paths start from") if uploaded else None
    if offered is None:
        return None
    return Offer(offered.name, lambda: _manifest_settings(offered.settings(), root))


def _manifest_settings(kept: dict[str, Any], root: Path | None) -> dict[str, Any]:
    settings = {"source": f"manifest:{kept['path']}"}
    if "uploaded_as" in kept:
        settings |= {"root": str(root), "uploaded_as": kept["uploaded_as"]}
    return settings


def _file_here(key: str, types: tuple[str, ...]) -> Offer | None:
    root = _root("Below", key)
    if root is None:
        return None
    example = f"work/file.{types[0]}"
    below = st.text_input(
        "File", placeholder=example, help="Its path from there.", key=f"{key}-below"
    )
    if not below.strip():
        return None
    return Offer(below.strip(), lambda: {"path": str(file_below(root, below.strip()))})


def _root(label: str, key: str = "") -> Path | None:
    """Let the person choose an allowed root; say how to allow one where there is none."""
    roots = allowed_roots()
    if not roots:
        _no_roots()
        return None
    return st.selectbox(label, roots, format_func=str, key=f"root-{label}-{key}")


def _no_roots() -> None:
    st.info(
        f"No folder may be read from here. Set {ROOTS_VARIABLE} to the folders below which one may, and start the "
        "dashboard again.",
        icon=":material/folder_off:",
    )
