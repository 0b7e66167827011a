"""Facts of one thing, a line each."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.wording import as_html

_LIST = "display:grid;grid-template-columns:max-content 1fr;gap:0.35rem 1.5rem;margin:0;padding:0;font-size:0.9rem"
_NAME = "opacity:0.7"
_VALUE = "margin:0;overflow-wrap:anywhere"


def facts(known: Mapping[str, Any]) -> None:
    """Write facts as a list, the text of each as it is."""
    lines = (
        f'<dt style="{_NAME}">{as_html(name)}</dt><dd style="{_VALUE}">{as_html(str(value))}</dd>'
        for name, value in known.items()
    )
    st.html(f'<dl style="{_LIST}">{"".join(lines)}</dl>')
