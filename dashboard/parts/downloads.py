"""What a page offers to take away."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from mintcore.spreadsheets import csv_bytes


def csv_download(label: str, table: pd.DataFrame | Callable[[], pd.DataFrame], file: str) -> None:
    """Offer a table as a CSV file; taking it does not run the page again.

    Args:
        label: The button's words.
        table: The table, or what makes it when it is asked for.
        file: The file's name.
    """
    st.download_button(
        label,
        lambda: csv_bytes(table() if callable(table) else table),
        file,
        "text/csv",
        icon=":material/table:",
        on_click="ignore",
    )
