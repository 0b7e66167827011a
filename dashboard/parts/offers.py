"""Images that are not registered yet: an uploaded zip, or a folder below an allowed root."""

from collections.abc import Callable

import streamlit as st

from dashboard.reading import home
from mintcore.datasets.offers import (
    ROOTS_VARIABLE,
    allowed_roots,
    folder_below,
    suggested_name,
)
from mintcore.uploads import keep_upload

NewDataset = Callable[[], dict[str, str]]
"""Gives name and source of a new dataset; raises MintError where its images cannot be kept or read."""

_ZIP, _FOLDER = "A zip", "A folder of this machine"


def offer() -> NewDataset | None:
    """Let the person offer images; nothing is kept before what this gives is called."""
    way = st.segmented_control("Where from", (_ZIP, _FOLDER), key="offer-way", default=_ZIP)
    return {_ZIP: _zip, _FOLDER: _folder}[way]() if way else None


def _zip() -> NewDataset | None:
    file = st.file_uploader("Zip of images", type="zip")
    if file is None:
        return None
    name = _name(file.name)
    return lambda: {"name": name, "source": f"zip:{keep_upload(home(), file)}"}


def _folder() -> NewDataset | None:
    roots = allowed_roots()
    if not roots:
        st.info(
            f"No folder may be read from here. Set {ROOTS_VARIABLE} to the folders below which one may, and start the "
            "dashboard again.",
            icon=":material/folder_off:",
        )
        return None
    root = st.selectbox("Below", roots, format_func=str)
    below = st.text_input("Folder", placeholder="scraped/2026", help="Its path from there.").strip()
    if not below:
        return None
    name = _name(below)
    return lambda: {"name": name, "source": f"folder:{folder_below(root, below)}"}


def _name(offered: str) -> str:
    return st.text_input(
        "Name of the dataset",
        suggested_name(offered),
        help="The images are registered under this name. Nothing is said of their membership.",
    ).strip()
