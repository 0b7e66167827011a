"""The home folder and the settings."""

import os

import pandas as pd
import streamlit as st

from dashboard.access import may_operate
from dashboard.reading import home, home_path
from dashboard.wording import named, size
from mintcore.home_sizes import HomeSizes, home_sizes
from mintcore.settings import OPERATORS, SETTINGS, VIEWERS, Setting

_QUICK_S = 0.2
_KEPT_S = 60


def home_folder() -> None:
    """Show where the home folder is and what its parts take."""
    st.subheader("Where is everything kept?", anchor=False)
    path = home_path()
    st.markdown(named(path))
    found = _sizes(path, _QUICK_S)
    if not found.whole:
        st.caption("There is so much in it that not all was counted yet.")
        if st.button("Count all of it", icon=":material/calculate:"):
            found = _sizes(path, None)
    total = sum(found.bytes.values())
    more = "" if found.whole else " or more"
    st.caption(f"{size(total)}{more} in all; {size(found.free_bytes)} are free on its disk.")
    rows = [{"part": part, "on disk": size(count)} for part, count in found.bytes.items()]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Bytes of the home folder by part.")


def settings() -> None:
    """List the environment variables that the program reads."""
    st.subheader("Which settings hold?", anchor=False)
    st.caption(
        "Environment variables of the process that serves this dashboard. Set another value and start it again; jobs "
        "take those of the worker."
    )
    rows = [
        {
            "variable": setting.name,
            "now": _now(setting),
            "usually": setting.default or "–",
            "what it is for": setting.help,
        }
        for setting in SETTINGS
    ]
    st.table(pd.DataFrame(rows).set_index("variable"))


def _now(setting: Setting) -> str:
    if setting in {OPERATORS, VIEWERS} and not may_operate():  # the addresses of others
        return "for operators to see"
    return os.environ.get(setting.name, setting.default) or "–"


@st.cache_data(show_spinner="Adding up the files ...", ttl=_KEPT_S, max_entries=10)
def _sizes(path: str, seconds: float | None) -> HomeSizes:
    return home_sizes(home(), seconds)
