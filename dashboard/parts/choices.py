"""Choices that are kept in the URL, so that a view can be shared and reloaded."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.wording import auditor_label


def choice(
    label: str,
    options: Sequence[str],
    param: str,
    describe: Callable[[str], str] = str,
    help_text: str | None = None,
) -> str:
    """Let the person choose one of several; the query parameter ``param`` says which.

    Args:
        label: What is chosen.
        options: The values, at least one; the first is chosen where the URL names none of them.
        param: The query parameter.
        describe: How a value is shown.
        help_text: Shown on request.
    """
    key = f"choice-{param}"
    if st.session_state.get(key) not in options:
        wanted = st.query_params.get(param)
        st.session_state[key] = wanted if wanted in options else options[0]
    chosen = st.selectbox(label, options, key=key, format_func=describe, help=help_text)
    st.query_params[param] = chosen
    return str(chosen)


def choose_again(param: str, value: str) -> None:
    """Make a value the chosen one from the next run on."""
    st.session_state.pop(f"choice-{param}", None)
    st.query_params[param] = value


def auditor_choice(auditors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Let the person choose an auditor; the query parameter ``auditor`` says which."""
    by_id = {card["id"]: dict(card) for card in auditors}
    chosen = choice(
        "Auditor",
        list(by_id),
        "auditor",
        lambda name: auditor_label(by_id[name]),
        help_text="The best evidence comes first: auditors that beat every blind baseline, by how much they do.",
    )
    return by_id[chosen]
