"""What is this workbench running on, and what can it not tell?"""

import streamlit as st

from dashboard.parts.doctor import doctor
from dashboard.parts.heading import heading
from dashboard.parts.home_folder import home_folder, settings
from dashboard.parts.licences import licences
from dashboard.parts.machine import machine, versions
from dashboard.parts.method import method

_TABS = {
    "The method and its limits": (method,),
    "This machine": (machine, doctor, versions),
    "Home folder and settings": (home_folder, settings),
    "Licences": (licences,),
}

heading(
    "What runs here, and how far can it be trusted?",
    "The method in one page with its limits; the machine, the versions, the settings and the licences.",
)
for _tab, _parts in zip(
    st.tabs(list(_TABS), key="about", bind="query-params"), _TABS.values(), strict=True
):
    if _tab.open:
        with _tab:
            for _part in _parts:
                _part()
