"""Reads of the library page, kept in memory by artefact id and time of publication."""

from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.reading import Kind, Rows, home, home_path
from dashboard.registered import kind_row
from dashboard.titles import title_of
from mintcore import library
from mintcore.datasets import browsing
from mintcore.datasets.browsing import Chosen
from mintcore.disk_use import bytes_on_disk
from mintcore.titles import titles_version

MOST_LABELS = 500
_GROWING_SECONDS = 10


def count(kind: Kind) -> int:
    """Count the artefacts of a kind."""
    return len(library.artefact_versions(home(), kind))


def rows(kind: Kind) -> Rows:
    """Give the table of a kind, newest first; of stores, which grow, not older than ten seconds."""
    read = _growing_rows if kind == "stores" else _rows
    versions = tuple(library.artefact_versions(home(), kind).items())
    return read(home_path(), kind, versions, titles_version(home()))


def taken(kind: Kind, artefact_id: str) -> int:
    """Give what an artefact takes on disk, bytes; of a store, which grows, not older than ten seconds."""
    read = _growing if kind == "stores" else _taken
    return read(home_path(), kind, artefact_id, reading.version_of(kind, artefact_id))


def label_counts(dataset: str) -> Rows:
    """Count a dataset's images by label, the most frequent labels first, at most ``MOST_LABELS``."""
    return _label_counts(home_path(), dataset, reading.version_of("datasets", dataset))


def count_samples(dataset: str, chosen: Chosen) -> int:
    """Count rows of a dataset."""
    return _count_samples(home_path(), dataset, reading.version_of("datasets", dataset), chosen)


def samples_page(dataset: str, chosen: Chosen, limit: int, offset: int) -> Rows:
    """Read some rows of a dataset, as ``mintcore.datasets.browsing.samples_page`` does."""
    version = reading.version_of("datasets", dataset)
    return _samples_page(home_path(), dataset, version, chosen, limit=limit, offset=offset)


def _read_rows(kind: Kind) -> Rows:
    return [
        kind_row(
            kind, card, title_of(kind, card["id"]), bytes_on_disk(home().folder(kind, card["id"]))
        )
        for card in reversed(reading.cards(kind))
    ]


@st.cache_data(show_spinner="Reading the cards ...", max_entries=50)
def _rows(path: str, kind: Kind, versions: tuple[tuple[str, int], ...], titles: int) -> Rows:
    return _read_rows(kind)


@st.cache_data(show_spinner="Reading the stores ...", max_entries=10, ttl=_GROWING_SECONDS)
def _growing_rows(
    path: str, kind: Kind, versions: tuple[tuple[str, int], ...], titles: int
) -> Rows:
    return _read_rows(kind)


@st.cache_data(show_spinner=False, max_entries=2000)
def _taken(path: str, kind: Kind, artefact_id: str, version: int) -> int:
    return bytes_on_disk(home().folder(kind, artefact_id))


@st.cache_data(show_spinner=False, max_entries=200, ttl=_GROWING_SECONDS)
def _growing(path: str, kind: Kind, store: str, version: int) -> int:
    return bytes_on_disk(home().folder(kind, store))


@st.cache_data(show_spinner="Counting the labels ...", max_entries=50)
def _label_counts(path: str, dataset: str, version: int) -> Rows:
    return browsing.label_counts(home(), dataset, limit=MOST_LABELS)


@st.cache_data(show_spinner=False, max_entries=500)
def _count_samples(path: str, dataset: str, version: int, chosen: Chosen) -> int:
    return browsing.count_samples(home(), dataset, chosen)


@st.cache_data(show_spinner="Reading the images ...", max_entries=100)
def _samples_page(
    path: str, dataset: str, version: int, chosen: Chosen, *, limit: int, offset: int
) -> list[dict[str, Any]]:
    return browsing.samples_page(home(), dataset, chosen, limit=limit, offset=offset)
