"""What else a dataset audit found: warnings, drift, labels and identities."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts.groups import auc_by_group
from dashboard.parts.charts import show_chart
from dashboard.tables import drift_table, group_table
from dashboard.wording import plain
from mintcore.verdicts import groups_note

_DRAWN_GROUPS = 12


def remarks(audit: Mapping[str, Any]) -> None:
    """Warn of what must be known before the figures are read."""
    if "drift" not in audit:
        st.caption(
            "This audit was made by an earlier version. Start it again above for its effect size, its drift, and what "
            "was found for each label and identity."
        )
    for remark in audit.get("remarks", []):
        st.warning(plain(remark), icon=":material/warning:")


def groups(audit: Mapping[str, Any], found: pd.DataFrame) -> None:
    """Show which labels and identities look used; nothing where none has enough images."""
    if found.empty:
        return
    st.subheader("Which labels and identities look used?", anchor=False)
    drawn = found.head(_DRAWN_GROUPS)
    show_chart(
        auc_by_group(drawn.to_dict("records")),
        drawn,
        f"{audit['id']}-groups",
        "AUC of each label or identity against held-out externals, by the auditor and by the best blind baseline.",
        f"The {len(drawn)} of {len(found):,} groups with the lowest p-values. {plain(groups_note(audit))}",
    )
    with st.expander("All groups as a table"):
        st.dataframe(group_table(found), hide_index=True)


def drift(audit: Mapping[str, Any]) -> None:
    """Show how far the set lies from the externals that the auditor was trained on."""
    if "drift" not in audit:
        return
    st.subheader("Is it like the images the auditor was trained with?", anchor=False)
    st.dataframe(drift_table(audit["drift"]), hide_index=True)
    st.caption(
        "Kolmogorov-Smirnov distance of scores, from 0 to 1, to those of the "
        f"{audit['n_training_externals']:,} externals in the auditor's training. Blind baselines cannot know the "
        "members, so theirs is a difference between images; the auditor's own can be membership. A network knows the "
        "images it was fitted on, and externals it has not seen lie apart from them as well: that much is expected. p "
        "is that of the set against held-out externals."
    )
