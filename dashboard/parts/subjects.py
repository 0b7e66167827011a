"""The choices that every training needs: model, members, externals, reference, seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.parts.choices import choice, number_choice
from dashboard.parts.missing import library_link
from mintcore.auditors import KIND_WORDS, OF_SEVERAL
from mintcore.auditors.requests import SEEDS
from mintcore.library import READABLE, datasets_with, experiments, layer_names

NO_REFERENCE = "none"
_MAP_SIDES = ("8", "4", "16")
_SEEDS = (1, 20)
FIRST_SEED = (0, 2**31 - 1)


@dataclass(frozen=True)
class Subjects:
    """What there is to choose from, what was used most often before in front.

    Attributes:
        models: Names of the models.
        members: Datasets with members.
        externals: Datasets with externals.
        usual: The experiment with the most auditors; empty where there is none.
    """

    models: Sequence[str]
    members: Sequence[str]
    externals: Sequence[str]
    usual: dict[str, Any]


def subjects() -> Subjects | None:
    """Give what there is to choose from; where a side is missing, say so and give None."""
    models, datasets = reading.cards("models"), reading.cards("datasets")
    usual = next(iter(experiments(reading.cards("auditors")).values()), {})
    members, externals = datasets_with(datasets, "member"), datasets_with(datasets, "external")
    if not members or not externals:
        side = "externals" if members else "members"
        st.info(f"No registered dataset has {side}: register one first.", icon=":material/info:")
        library_link("Register a dataset in the library")
        return None
    return Subjects(
        _with_first([card["id"] for card in models], usual.get("model")),
        _with_first(members, usual.get("members")),
        _with_first(externals, usual.get("external")),
        usual,
    )


def experiment_choice(known: Subjects) -> dict[str, Any]:
    """Let the person choose what auditors are trained on.

    Returns:
        The part of a sweep's request that does not hang on layer and kind.
    """
    model, members, beside = _model_and_members(known)
    with beside:
        external = choice(
            "Externals",
            known.externals,
            "external",
            help_text="Images of the same source that were not in it.",
        )
    return {"model": model, "members": members, "external": external} | _settings(known, model)


def comparison_choice(known: Subjects) -> dict[str, Any]:
    """Let the person choose what databases are compared on.

    Returns:
        A comparison's request; it may name too few datasets of externals.
    """
    model, members, _ = _model_and_members(known)
    external = st.multiselect(
        "Datasets of externals, at least two",
        known.externals,
        known.externals[:2],
        key="externals",
        bind="query-params",
    )
    request = {"model": model, "members": members, "external": external}
    return request | _settings(known, model) | layer_choice(model)


def layer_choice(model: str) -> dict[str, Any]:
    """Let the person choose a layer and a kind of auditor that can read it.

    Returns:
        ``layer`` and ``kind``.
    """
    card = reading.card("models", model)
    left, right = st.columns([1, 2])
    with left:
        layers = layer_names(card)[::-1]
        layer = choice("Layer", layers, "layer", help_text="From the output back to the input.")
    with right:
        kinds = [kind for kind in KIND_WORDS if kind not in READABLE or READABLE[kind](card, layer)]
        kind = choice("Kind of auditor", kinds, "kind", lambda kind: KIND_WORDS[kind])
        if kind in OF_SEVERAL:
            st.caption(f"A {kind} auditor reads every layer, whichever is chosen beside it.")
        if "cnn" not in kinds:
            st.caption("This layer has no map, so a CNN auditor cannot read it.")
    return {"layer": layer, "kind": kind}


def _model_and_members(known: Subjects) -> tuple[str, str, Any]:
    """Give the chosen model and members, and the place beside them."""
    columns = st.columns(3)
    with columns[0]:
        model = choice("Audited model", known.models, "model")
    with columns[1]:
        members = choice(
            "Members", known.members, "members", help_text="Images in its training set."
        )
    return model, members, columns[2]


def _settings(known: Subjects, model: str) -> dict[str, Any]:
    references = [NO_REFERENCE, *(name for name in known.models if name != model)]
    columns = st.columns([3, 2, 2, 2])
    with columns[0]:
        reference = choice(
            "Reference model",
            _with_first(references, known.usual.get("reference")),
            "reference",
            help_text="A trained model that never saw the members: the strictest blind baseline.",
        )
    with columns[1]:
        side = choice(
            "Side of the maps",
            _with_first(_MAP_SIDES, str(known.usual.get("map_side"))),
            "map-side",
            help_text="Cells along each side of a map that a CNN reads.",
        )
    with columns[2]:
        seeds = number_choice(
            "Seeds", "seeds", _SEEDS, SEEDS, "Networks of each; a score is their mean."
        )
    with columns[3]:
        seed = number_choice(
            "First seed", "seed", FIRST_SEED, 0, "Of split, first weights and order."
        )
    return {
        "reference": None if reference == NO_REFERENCE else reference,
        "map_side": int(side),
        "seeds": seeds,
        "seed": seed,
    }


def _with_first(options: Sequence[str], first: str | None) -> list[str]:
    """Put what is usual in front, where it is there."""
    return sorted(options, key=lambda option: option != first)
