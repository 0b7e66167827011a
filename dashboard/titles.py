"""What people call the artefacts, kept in memory until a title changes."""

import streamlit as st

from dashboard.reading import home, home_path
from mintcore.titles import Titles, read_titles, titles_version


def title_of(kind: str, artefact_id: str) -> str:
    """Give the title of an artefact; empty where nobody gave it one.

    Raises:
        MintError: The file with the titles is damaged.
    """
    titles = _titles(home_path(), titles_version(home()))
    return titles.get(kind, {}).get(artefact_id, "")


def title(kind: str, artefact_id: str) -> str:
    """Name an artefact for people, as plain text: its title with the id beside it, or the id alone."""
    given = title_of(kind, artefact_id)
    return f"{given} ({artefact_id})" if given else artefact_id


@st.cache_data(show_spinner=False, max_entries=10)
def _titles(path: str, version: int) -> Titles:
    return read_titles(home())
