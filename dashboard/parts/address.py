"""The address of a view: its query parameters, by which it can be shared and reloaded."""

import streamlit as st


def keep_in_address(param: str, value: str) -> None:
    """Set a query parameter where it has another value.

    Setting one sends all of them as this run knows them, which would take back what a person changed meanwhile.
    """
    if st.query_params.get(param) != value:
        st.query_params[param] = value


def send_address() -> None:
    """Send the whole address at the end of a run.

    What an earlier run sent may reach the browser after a click, and would take from the address what was clicked.
    """
    st.query_params.update()
