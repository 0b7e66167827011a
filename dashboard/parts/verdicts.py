"""A finding, as the first thing a person sees."""

from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st

from dashboard.wording import INTERVALS, interval, named, plain, tier_headline
from mintcore.auditors import OF_SEVERAL
from mintcore.verdicts import SHOWN_TIERS, SIGNIFICANCE

Colour = Literal["gray", "blue", "orange"]


def audit_colour(audit: Mapping[str, Any]) -> Colour:
    """Give the colour of an audit: that of members, that of externals, or grey where nothing can be told."""
    if audit["tier"] not in SHOWN_TIERS:
        return "gray"
    return "orange" if audit["p_value"] <= SIGNIFICANCE else "blue"


def image_verdict(finding: Mapping[str, Any]) -> None:
    """Write the verdict on one image; the tier beside it is the auditor's."""
    trust = f"rests on an auditor with: {tier_headline(finding['tier']).lower()}"
    _verdict(finding["verdict"], finding["meaning"], trust, audit_colour(finding), finding["name"])


def dataset_verdict(audit: Mapping[str, Any]) -> None:
    """Write the verdict on a dataset."""
    basis = f"{audit['n_audited']:,} images judged as one set"
    _verdict(audit["verdict"], audit["meaning"], basis, audit_colour(audit), audit["dataset"])


def auditor_verdict(card: Mapping[str, Any]) -> None:
    """Write what an auditor found on the images it held out."""
    basis = f"{card['n_members'] + card['n_externals']:,} held-out images"
    colour: Colour = "orange" if card["tier"] in SHOWN_TIERS else "gray"
    _verdict(tier_headline(card["tier"]), card["meaning"], basis, colour, card["id"])


def held_out_note(card: Mapping[str, Any]) -> None:
    """Say what an auditor's figures rest on."""
    several = card["auditor_kind"] in OF_SEVERAL
    read = "several layers together" if several else f"layer {named(card['layer'])}"
    st.caption(
        f"This auditor reads {read} of {named(card['model'])}. On {card['n_members']:,} members "
        f"and {card['n_externals']:,} externals that it had not seen, its AUC is {card['auc']:.3f} "
        f"({interval(card['auc_ci'])}), that of the best blind baseline ({card['best_blind']}) {card['blind_auc']:.3f} "
        f"({interval(card['blind_auc_ci'])}): {tier_headline(card['tier']).lower()}. {INTERVALS}"
    )


def _verdict(headline: str, meaning: str, basis: str, colour: Colour, subject: str) -> None:
    st.markdown(f"### {plain(headline[:1].upper() + headline[1:])}", anchors=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(basis, color=colour)
        st.markdown(named(subject), width="content")
    st.markdown(plain(meaning))
