"""The images of a registered dataset: counted by label, and looked at a page at a time."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import library_reading
from dashboard.charts.labels import NO_LABEL, label_bars, label_rows
from dashboard.library_reading import MOST_LABELS
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import choice
from dashboard.parts.paging import page_of_images
from dashboard.parts.thumbnails import Thumbnail, thumbnails
from mintcore.datasets.browsing import Chosen

_A_PAGE = 24
_DRAWN_LABELS = 20
_READABLE, _UNREADABLE = "ok", "unreadable"
_ALL = "all"


def label_chart(card: Mapping[str, Any]) -> None:
    """Draw how many images have which label."""
    counts = library_reading.label_counts(card["id"])
    labels = card["counts"]["labels"]
    if not labels:
        st.caption("None of its images has a label.")
        return
    drawn = counts[:_DRAWN_LABELS]
    shown = sum(row["images"] for row in drawn)
    which = (
        f"The {len(drawn)} most frequent of {labels:,} labels"
        if labels > len(drawn)
        else f"All {labels:,} labels"
    )
    show_chart(
        label_bars(drawn),
        label_rows(counts),
        f"{card['id']}-labels",
        "Images of each label, by membership, the most frequent labels first.",
        f"{which}: {shown:,} of {card['counts']['total']:,} images. The table has the first {MOST_LABELS:,} labels.",
    )


def samples(card: Mapping[str, Any]) -> None:
    """Show the images, a page at a time; the filters and the page are in the URL."""
    chosen = _chosen(card)
    count = library_reading.count_samples(card["id"], chosen)
    if not count:
        st.info("No image of this dataset is like that.", icon=":material/filter_alt_off:")
        return
    page = page_of_images(count, _A_PAGE)
    rows = library_reading.samples_page(card["id"], chosen, _A_PAGE, _A_PAGE * (page - 1))
    if chosen.status == _UNREADABLE:
        table = pd.DataFrame(rows)[["uri", "reason", "membership", "label"]]
        st.dataframe(table, hide_index=True, alt="Images that could not be read, and why.")
    else:
        thumbnails([Thumbnail(row["uri"], _lines(row)) for row in rows])


def _chosen(card: Mapping[str, Any]) -> Chosen:
    counts = card["counts"]
    unreadable = counts["status"].get(_UNREADABLE, 0)
    states = [_READABLE, _UNREADABLE] if unreadable else [_READABLE]
    places = st.columns(3)
    with places[0]:
        status = choice(
            "Images",
            states,
            "status",
            lambda state: f"{_state(state)}: {counts['status'].get(state, 0):,}",
        )
    with places[1]:
        memberships = [_ALL, *sorted(counts["membership"])]
        membership = choice("Membership", memberships, "membership")
    with places[2]:
        label = _label(card)
    return Chosen(None if membership == _ALL else membership, status, **label)


def _label(card: Mapping[str, Any]) -> dict[str, Any]:
    if not card["counts"]["labels"]:
        return {}
    named = {
        NO_LABEL if row["label"] is None else row["label"]: row
        for row in library_reading.label_counts(card["id"])
    }
    anything = f"all of {card['counts']['labels']:,}"
    chosen = choice("Label", [anything, *named], "label")
    return {} if chosen == anything else {"of_label": True, "label": named[chosen]["label"]}


def _state(status: str) -> str:
    return "readable" if status == _READABLE else status


def _lines(row: Mapping[str, Any]) -> list[str]:
    pixels = f"{row['width']} x {row['height']}" if row["width"] else ""
    label = f"{row['label']}, " if row["label"] else ""
    return [f"{label}{row['membership']}", pixels]
