"""Licences, ours and those of what is used."""

import pandas as pd
import streamlit as st

from dashboard.parts.downloads import csv_download
from dashboard.parts.machine import packages
from dashboard.wording import plain
from mintcore.licences import own_licence


def licences() -> None:
    """Show our licence, and that of each installed package as it says itself."""
    st.subheader("Under which licences?", anchor=False)
    st.markdown(plain(f"MINT workbench itself: {own_licence()}."))
    table = pd.DataFrame(
        [
            {
                "package": package.name,
                "version": package.version,
                "licence": package.licence,
                "asked for": "by MINT workbench" if package.direct else "by one of these",
            }
            for package in packages()
        ]
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={"licence": st.column_config.TextColumn(width="large")},
        alt="Installed packages with their licences.",
    )
    st.caption(
        f"{len(table):,} packages, as their own metadata says. Models and datasets that you register have licences of "
        "their own."
    )
    csv_download("Licences (CSV)", table, "licences.csv")
