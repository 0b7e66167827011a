"""What an auditor of several sources leans on, on pages that show it."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts.contributions import contribution_bars
from dashboard.parts.charts import show_chart
from dashboard.wording import auditor_name
from mintcore.library import contributions

_SHARES = (
    "share of the weight",
    "The scores of the sources are standardised, then weighed on the validation images. A source that is worse than "
    "chance has no weight.",
)
_LOSSES = (
    "AUC lost where it is shuffled",
    "One network reads all. What is shown is how much AUC it loses on the validation images when one kind of source is "
    "shuffled among them.",
)


def show_contributions(card: dict[str, Any]) -> None:
    """Draw what each source contributes; nothing where the auditor reads one."""
    found = contributions(card)
    if not found:
        return
    unit, note = _LOSSES if card["networks"]["auditor"].get("importance") else _SHARES
    st.subheader(f"What does it lean on? ({auditor_name(card)})", anchor=False)
    show_chart(
        contribution_bars(found, unit),
        pd.DataFrame(found, columns=["source", unit]),
        f"{card['id']}-sources",
        f"{unit}, for each source of the auditor.",
        note,
    )
