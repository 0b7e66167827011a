"""The images of a dataset audit: chosen, looked at, taken away."""

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from dashboard import reading
from dashboard.parts.choices import choice
from dashboard.parts.downloads import csv_download
from dashboard.parts.paging import page_of_images
from dashboard.parts.thumbnails import Thumbnail, thumbnails
from dashboard.wording import p_value, plain
from mintcore.audited_images import Order, Wanted, with_names
from mintcore.verdicts import discoveries_note

_A_PAGE = 24
_COLUMNS: tuple[Literal["label"], Literal["identity"]] = ("label", "identity")
_ORDERS: dict[str, Order] = {"highest first": "highest", "lowest first": "lowest"}


def audited_images(audit: Mapping[str, Any]) -> None:
    """Show the images of an audit, a page at a time; the filters and the page are in the URL.

    Args:
        audit: The audit's card.
    """
    st.subheader("Which images look most like members?", anchor=False)
    named = f"{discoveries_note(audit)} " if "discoveries" in audit else ""
    st.caption(plain(f"{named}The finding is about the set as a whole."))
    images = reading.audited_images(audit["id"], _wanted(audit))
    if not len(images):
        st.info("No image of this audit is like that.", icon=":material/filter_alt_off:")
        return
    page = page_of_images(len(images), _A_PAGE)
    rows = with_names(images.slice(_A_PAGE * (page - 1), _A_PAGE))
    thumbnails([Thumbnail(row["uri"], _lines(row)) for row in rows])
    with st.expander("These images as a table"):
        st.dataframe(_table(rows), hide_index=True)
    csv_download(
        f"All {len(images):,} images chosen (CSV)",
        lambda: pd.DataFrame(with_names(images)),
        f"{audit['id']}-images.csv",
    )


def _wanted(audit: Mapping[str, Any]) -> Wanted:
    names = {column: reading.audited_names(audit["id"], column) for column in _COLUMNS}
    there = [column for column in _COLUMNS if names[column]]
    places = st.columns([2] * (1 + len(there)) + [3], vertical_alignment="bottom")
    chosen = {}
    for column, place in zip(there, places, strict=False):
        with place:
            chosen[column] = _name(column, names[column])
    with places[-2]:
        order = choice("Score", list(_ORDERS), "order")
    with places[-1]:
        rate = _rate(audit)
    return Wanted(chosen.get("label"), chosen.get("identity"), rate, _ORDERS[order])


def _name(column: str, names: list[str]) -> str | None:
    anything = f"all of {len(names):,}"
    chosen = choice(column.capitalize(), [anything, *names], column)
    return None if chosen == anything else chosen


def _rate(audit: Mapping[str, Any]) -> float | None:
    """Let the person choose the images that were named, where some were; give their false-discovery rate."""
    if not audit.get("discoveries"):
        return None
    rate = float(audit["discovery_rate"])
    only = st.toggle(f"Only those named at {rate:.0%}", key="named", bind="query-params")
    return rate if only else None


def _lines(row: Mapping[str, Any]) -> list[str]:
    lines = [f"score {row['score']:.2f}", f"p {p_value(row['p_value'])}"]
    lines += [f"label {row['label']}"] if row.get("label") else []
    return [*lines, row["name"]]


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    first = ["name", "label", "score", "p_value"]
    columns = [*first, *(column for column in rows[0] if column not in first)]
    return pd.DataFrame(rows)[columns]
