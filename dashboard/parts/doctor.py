"""What the doctor finds on the machine that serves the pages."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.access import operators_alone
from dashboard.changes import examine
from dashboard.wording import plain
from mintcore.doctor.finding import Finding

_FOUND = "doctor-found"
_SHOWN = {
    "failed": (st.error, ":material/error:"),
    "warning": (st.warning, ":material/warning:"),
}


def doctor() -> None:
    """Offer to examine the machine, the installation and the home folder, which takes some seconds."""
    st.subheader("Does everything work here?", anchor=False)
    if not operators_alone("examine the machine"):
        return
    if st.button("Examine", icon=":material/stethoscope:"):
        with st.spinner("Examining; PyTorch is started in a process of its own ..."):
            st.session_state[_FOUND] = examine()
    if _FOUND in st.session_state:
        _show(st.session_state[_FOUND])


def _show(found: Sequence[tuple[str, Finding]]) -> None:
    for name, finding in found:
        if finding.state in _SHOWN:
            box, icon = _SHOWN[finding.state]
            box(plain(f"{name}: {finding.found}. {finding.mend}"), icon=icon)
    if not any(finding.state in _SHOWN for _, finding in found):
        st.success("All is well.", icon=":material/check_circle:")
    rows = [(name, finding.state, finding.found) for name, finding in found]
    st.dataframe(
        pd.DataFrame(rows, columns=["check", "state", "found"]),
        hide_index=True,
        alt="What the doctor found, a line for each check.",
    )
