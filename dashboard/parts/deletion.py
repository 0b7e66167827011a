"""Deleting an artefact, in a dialog that shows what goes with it."""

import pandas as pd
import streamlit as st

from dashboard.access import may_operate
from dashboard.changes import delete
from dashboard.parts.errors import errors_as_sentences
from dashboard.reading import Kind, home
from dashboard.wording import named, plain, size
from mintcore.deletion import Deletion, plan_deletion
from mintcore.dependents import Artefact

_DELETED = "deleted"


def delete_button(kind: Kind, artefact_id: str) -> None:
    """Offer to delete an artefact."""
    if may_operate() and st.button("Delete", icon=":material/delete:"):
        _delete(kind, artefact_id)


def say_what_was_deleted() -> None:
    """Say once what a dialog deleted, which has closed by then."""
    if sentence := st.session_state.pop(_DELETED, None):
        st.toast(sentence, icon=":material/delete:")


@st.dialog("Delete for good", width="medium", icon=":material/delete:")
def _delete(kind: Kind, artefact_id: str) -> None:
    confirmation(kind, artefact_id)


def confirmation(kind: Kind, artefact_id: str) -> None:
    """Show what goes with an artefact, and delete all of it when the person has typed its name."""
    with errors_as_sentences():
        deletion = plan_deletion(home(), Artefact(kind, artefact_id))
        _what_goes(deletion)
        _ask(deletion)


def _what_goes(deletion: Deletion) -> None:
    artefact, beside = deletion.artefact, deletion.counts()
    if beside:
        st.markdown(f"Deletes {named(artefact.id)} and everything that cannot work without it:")
        st.dataframe(
            pd.DataFrame(
                [
                    {"kind": kind, "how many": count, "on disk": size(taken)}
                    for kind, (count, taken) in beside.items()
                ]
            ),
            hide_index=True,
            alt="What goes with it, by kind.",
        )
        with st.expander("Each of them"):
            names = [f"{each.artefact.kind}/{each.artefact.id}" for each in deletion.going[:-1]]
            st.code("\n".join(names), language=None, height=200)
    else:
        st.markdown(f"Deletes {named(artefact.id)}. Nothing else needs it.")
    if deletion.uploads:
        st.caption("The files that were uploaded for it go as well.")
    if artefact.kind == "datasets":
        st.caption("Images that were not uploaded stay where they are.")
    for sentence in deletion.staying:
        st.info(plain(sentence), icon=":material/info:")


def _ask(deletion: Deletion) -> None:
    artefact_id = deletion.artefact.id
    with st.form("delete", border=False):
        typed = st.text_input(f"Type {named(artefact_id)} to delete it")
        count = len(deletion.going)
        all_of_it = f"all {count:,}" if count > 1 else "it"
        words = f"Delete {all_of_it} and free {size(deletion.bytes)}"
        if not st.form_submit_button(words, type="primary", icon=":material/delete:"):
            return
        if typed.strip() != artefact_id:
            st.error("That is not its name: nothing was deleted.", icon=":material/error:")
            return
        with errors_as_sentences():
            done = delete(deletion.artefact)
            st.session_state[_DELETED] = f"Deleted. {size(done.bytes)} are free."
            st.rerun()
