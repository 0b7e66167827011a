"""One trained auditor: what it found, how its training went, and whether it is the default."""

from typing import Any

import streamlit as st

from dashboard import navigation, reading
from dashboard.access import may_operate
from dashboard.changes import demote, promote
from dashboard.parts.charts import n_note
from dashboard.parts.choices import auditor_labels, choice
from dashboard.parts.contributions import show_contributions
from dashboard.parts.curves import show_curves
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.figures import Figure, advantage_figure, blind_figure, show_figures
from dashboard.parts.verdicts import auditor_verdict
from dashboard.wording import (
    AUC_HELP,
    interval,
    plain,
)


def show_trained(auditors: reading.Rows) -> None:
    """Let the person choose an auditor, and show all of it.

    Args:
        auditors: Cards, the newest first.
    """
    by_id, labels = {card["id"]: card for card in auditors}, auditor_labels(auditors)
    card = by_id[choice("Auditor shown", list(by_id), "auditor", labels.__getitem__)]
    with st.container(border=True):
        auditor_verdict(card)
        _default(card["id"])
    _figures(card)
    show_contributions(card)
    st.subheader("How did the training go?", anchor=False)
    show_curves(card["id"], reading.history(card["id"]).to_dict("records"))
    st.caption(
        "The epoch with the best validation AUC is kept; the figures above are from images touched only once, after "
        "that."
    )
    navigation.result_link({"auditors": [card["id"]]})


def _default(auditor: str) -> None:
    """Say whether an auditor is the default, the one that pages and audits offer first, and offer to change that."""
    is_default = reading.default_auditor() == auditor
    with st.container(horizontal=True, vertical_alignment="center"):
        if is_default:
            st.badge("default auditor", icon=":material/star:", color="green")
        if may_operate():
            _change_default(auditor, is_default)


def _change_default(auditor: str, is_default: bool) -> None:
    if is_default:
        st.button("No longer the default", on_click=_demote)
        return
    st.button(
        "Make it the default",
        icon=":material/star:",
        on_click=_promote,
        args=(auditor,),
        help="The pages that audit offer the default auditor first.",
    )


def _promote(auditor: str) -> None:
    with errors_as_sentences():
        promote(auditor)


def _demote() -> None:
    with errors_as_sentences():
        demote()


def _figures(card: dict[str, Any]) -> None:
    show_figures(
        [
            Figure("AUC", f"{card['auc']:.3f}", interval(card["auc_ci"]), AUC_HELP),
            blind_figure(card),
            advantage_figure(card),
            Figure(
                "Accuracy",
                f"{card['accuracy']:.3f}",
                interval(card["accuracy_ci"]),
                "At the threshold that was chosen on the validation images.",
            ),
        ]
    )
    note = n_note(card["n_members"], card["n_externals"])
    st.caption(f"{note} Best blind baseline: {card['best_blind']}. {_null(card)}{_search(card)}")
    for remark in card.get("remarks", ()):
        st.warning(plain(remark), icon=":material/warning:")


def _null(card: dict[str, Any]) -> str:
    """Say what the null reached; earlier versions trained none."""
    if card.get("null_auc") is None:
        return ""
    return (
        f"The same auditor on labels that were shuffled, a null that should sit at 0.5: AUC {card['null_auc']:.3f} "
        f"({interval(card['null_auc_ci'])}). "
    )


def _search(card: dict[str, Any]) -> str:
    if not card.get("search"):
        return ""
    return f"Its settings are the best of {len(card['search']['trials'])} that were tried on the validation images."
