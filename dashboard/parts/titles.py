"""Giving an artefact a title, in a dialog."""

import streamlit as st

from dashboard.access import may_operate
from dashboard.changes import rename
from dashboard.parts.choices import label_again
from dashboard.parts.errors import errors_as_sentences
from dashboard.reading import Kind
from dashboard.titles import title_of
from dashboard.wording import named
from mintcore.titles import LONGEST, TITLED


def rename_button(kind: Kind, artefact_id: str) -> None:
    """Offer to rename an artefact, where it is of a kind that people give names to."""
    if kind in TITLED and may_operate() and st.button("Rename", icon=":material/edit:"):
        _rename(kind, artefact_id)


@st.dialog("Rename", icon=":material/edit:")
def _rename(kind: Kind, artefact_id: str) -> None:
    title_form(kind, artefact_id)


def title_form(kind: Kind, artefact_id: str) -> None:
    """Let the person give an artefact a title."""
    st.markdown(
        f"A title is what people see. The id {named(artefact_id)} stays, stands beside it, and is what commands take."
    )
    with st.form("rename", border=False):
        title = st.text_input(
            "Title", title_of(kind, artefact_id), max_chars=LONGEST, help="Empty takes it away."
        )
        if st.form_submit_button("Save", type="primary", icon=":material/check:"):
            with errors_as_sentences():
                rename(kind, artefact_id, title)
                label_again(artefact_id)
                st.rerun()
