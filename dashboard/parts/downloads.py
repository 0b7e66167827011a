"""What a page offers to take away."""

import pandas as pd
import streamlit as st

from mintcore.spreadsheets import csv_bytes


def csv_download(label: str, table: pd.DataFrame, file: str) -> None:
    """Offer a table as a CSV file; taking it does not run the page again."""
    st.download_button(
        label, csv_bytes(table), file, "text/csv", icon=":material/table:", on_click="ignore"
    )
