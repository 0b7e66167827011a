"""Copies of one image among the registered ones, on its page."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard.parts import image_evidence
from dashboard.parts.downloads import csv_download
from dashboard.parts.images import Given
from dashboard.parts.loaded import show_small
from dashboard.parts.tiles import Tile, registered_tile, show_tiles
from dashboard.wording import plain
from mintcore.verdicts import copy_found, no_copy_found

if TYPE_CHECKING:
    from mintcore.datasets.copies import Copies, Copy

_SAID = 3
_COLUMNS = ("dataset", "membership", "label", "exact", "mirrored", "similarity", "sample_id", "uri")


def copies_note(finding: dict[str, Any], image: Given) -> None:
    """Say whether an image, or one like it, is registered."""
    found = image_evidence.copies(finding["sample_id"], image)
    if not found.count:
        st.caption(plain(no_copy_found(found.compared)))
        return
    said = [copy_found(vars(copy)) for copy in found.found[:_SAID]]
    more = f"  \n{found.count - _SAID:,} more: see _Copies_ below." if found.count > _SAID else ""
    st.info("  \n".join(map(plain, said)) + more, icon=":material/content_copy:")


def show_copies(finding: dict[str, Any], image: Given) -> None:
    """Show the registered images that are an image, or nearly."""
    found = image_evidence.copies(finding["sample_id"], image)
    if found.count:
        given = Tile(lambda: show_small(image), "given", [image.name])
        show_tiles([given, *map(_picture, found.found)])
        if found.count > len(found.found):
            st.caption(f"The first {len(found.found)} of {found.count:,}.")
        rows = pd.DataFrame([vars(copy) for copy in found.found], columns=list(_COLUMNS))
        csv_download("Copies (CSV)", rows, f"{finding['sample_id'][:12]}-copies.csv")
    else:
        st.markdown(plain(no_copy_found(found.compared)))
    st.caption(_note(found))


def _picture(copy: "Copy") -> Tile:
    how = "the same pixels" if copy.exact else f"similarity {copy.similarity:.3f}"
    lines = [f"{how}{', mirrored' if copy.mirrored else ''}", copy.dataset]
    label = [f"label {copy.label}"] if copy.label else []
    return registered_tile(copy.uri, copy.membership, [*lines, *label])


def _note(found: "Copies") -> str:
    look = (
        "A near-duplicate is the same picture brightened, resized, re-encoded or mirrored."
        if found.has_look
        else "This image is of one colour, or nearly, so only the very same could be found."
    )
    unseen = (
        f" Of {found.unseen:,} it is not known what they look like: among these only the very same is found."
        if found.unseen
        else ""
    )
    return (
        f"{found.compared:,} images of all registered datasets were looked at. {look}{unseen} What a dataset says of "
        "membership holds for the model that it was registered for."
    )
