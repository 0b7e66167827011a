"""What each layer's auditor says of one image, on its page."""

from typing import Any

import streamlit as st

from dashboard import navigation
from dashboard.charts.votes import vote_rows, votes_by_layer
from dashboard.parts import image_evidence
from dashboard.parts.charts import n_note, show_chart
from dashboard.parts.contributions import show_contributions
from dashboard.parts.images import Given
from dashboard.wording import named
from mintcore.auditors import OF_SEVERAL
from mintcore.auditors.cards import keys_of_network
from mintcore.verdicts import SIGNIFICANCE

_NAMED = 6


def show_votes(auditor: dict[str, Any], finding: dict[str, Any], image: Given) -> None:
    """Draw the votes of the layers, and what the auditor reads where it reads several."""
    if auditor["auditor_kind"] in OF_SEVERAL:
        st.markdown(_sources(auditor))
    if not image_evidence.voting_auditors(auditor["id"]):
        st.info(
            "No single layer has an auditor in this experiment yet. Train those of all layers, with the same members, "
            "externals and seed, to see each one's vote.",
            icon=":material/info:",
        )
        navigation.link(navigation.TRAIN, "Train an auditor")
    else:
        _votes(image_evidence.votes(auditor["id"], finding["sample_id"], image), finding)
    show_contributions(auditor)


def _votes(votes: list[dict[str, Any]], finding: dict[str, Any]) -> None:
    shown = [vote for vote in votes if vote["shown"]]
    for_it = sum(vote["p_value"] <= SIGNIFICANCE for vote in shown)
    if shown:
        expected = SIGNIFICANCE * len(shown)
        st.markdown(
            f"**{for_it} of {len(shown)}** layers whose auditor shows membership give this image a p-value of at most "
            f"{SIGNIFICANCE}. Were it an external, {expected:.1f} would, on average; they read the same model, so they "
            "are no independent witnesses."
        )
    else:
        st.markdown(
            "No layer's auditor shows membership in this experiment, so no vote says anything."
        )
    show_chart(
        votes_by_layer(votes),
        vote_rows(votes),
        f"{finding['sample_id'][:12]}-votes",
        "For each layer, the share of held-out externals and of held-out members that score below this image.",
        f"Each row is the auditor of one layer, from input to output; {len(votes) - len(shown)} of {len(votes)} show "
        f"no membership and are grey. {n_note(votes[0]['n_members'], votes[0]['n_externals'])}",
    )


def _sources(auditor: dict[str, Any]) -> str:
    keys = keys_of_network(auditor["networks"]["auditor"])
    rest = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return (
        f"This {auditor['auditor_kind']} auditor reads {len(keys)} sources at once: "
        f"{', '.join(map(named, keys[:_NAMED]))}{rest}. The votes below are those of the single layers beside it."
    )
