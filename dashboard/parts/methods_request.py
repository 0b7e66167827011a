"""The choices for running the methods of others."""

from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.parts.choices import choice, number_choice
from dashboard.parts.subjects import FIRST_SEED, Subjects
from mintcore.extraction.limits import MAX_QUERIES
from mintcore.models.heads import CLASSIFIER, head_of


def methods_choice(known: Subjects) -> dict[str, Any] | None:
    """Let the person choose what the methods are run on.

    Returns:
        A request for methods; None where no model is a classifier.
    """
    cards = {card["id"]: card for card in reading.cards("models")}
    models = [name for name in known.models if head_of(cards[name]) == CLASSIFIER]
    if not models:
        st.info(
            "These methods look at the logits of classes, and no registered model gives any.",
            icon=":material/info:",
        )
        return None
    columns = st.columns(3)
    with columns[0]:
        model = choice("Audited model", models, "model")
    with columns[1]:
        members = choice("Members", known.members, "members")
    with columns[2]:
        external = choice("Externals", known.externals, "external")
    return {"model": model, "members": members, "external": external} | _settings(
        model, list(cards.values())
    )


def _settings(model: str, cards: reading.Rows) -> dict[str, Any]:
    usable = [
        card["id"]
        for card in cards
        if card["id"] != model and card.get("trained_on") and head_of(card) == CLASSIFIER
    ]
    columns = st.columns([3, 1, 1])
    with columns[0]:
        references = st.multiselect(
            "Reference models",
            usable,
            key="references",
            bind="query-params",
            help="Models that were trained here, so that it is known what they saw. Attack-R, LiRA and RMIA need some; "
            "without any, these are left out.",
            placeholder="none" if usable else "none was trained here",
        )
    with columns[1]:
        copies = "Augmented copies of each image that LiRA and RMIA look at."
        queries = number_choice("Queries", "queries", (1, MAX_QUERIES), 1, copies)
    with columns[2]:
        of_split = "Of the split: that of the auditors to compare with."
        seed = number_choice("Seed", "seed", FIRST_SEED, 0, of_split)
    return {"references": references, "queries": queries, "seed": seed}
