"""Which layers are read by which kinds of auditor: several of each, in one request."""

from typing import Any

import streamlit as st

from dashboard import reading
from dashboard.parts.address import keep_in_address
from dashboard.parts.choices import choices
from mintcore.auditors import KIND_WORDS, OF_SEVERAL
from mintcore.library import READABLE, layer_names

ALL = "all"
_HELP = (
    "From the output back to the input. What a layer gives away is told by an auditor of its own."
)


def layers_and_kinds(model: str) -> dict[str, Any]:
    """Let the person choose layers and kinds of auditor.

    Returns:
        ``layers`` and ``kinds`` of a sweep's request; both may be empty.
    """
    left, right = st.columns(2)
    with left:
        layers = _layers(model)
    with right:
        kinds = _kinds(model, layers)
    return {"layers": _written(model, layers), "kinds": kinds}


def count_auditors(request: dict[str, Any]) -> int:
    """Count the auditors that are asked for at most: a kind of several sources gives one."""
    model = reading.card("models", request["model"])
    wanted = request["layers"].split(",") if request["layers"] else []
    layers = layer_names(model) if wanted == [ALL] else wanted
    several = sum(kind in OF_SEVERAL for kind in request["kinds"])
    single = [kind for kind in request["kinds"] if kind not in OF_SEVERAL]
    return several + sum(
        kind not in READABLE or READABLE[kind](model, layer) for kind in single for layer in layers
    )


def _layers(model: str) -> list[str]:
    """Let the person choose layers; in the URL all of them are "all"."""
    names = layer_names(reading.card("models", model))[::-1]
    key = f"layers-of-{model}"
    if key not in st.session_state:
        wanted = st.query_params.get("layers", "").split(",")
        asked = names if wanted == [ALL] else [name for name in names if name in wanted]
        st.session_state[key] = asked or names[:1]
    chosen = st.multiselect("Layers", names, key=key, help=_HELP, placeholder="Choose layers")
    keep_in_address("layers", _written(model, chosen))
    st.caption(f"{len(chosen)} of {len(names)} layers.")
    return list(chosen)


def _kinds(model: str, layers: list[str]) -> list[str]:
    card = reading.card("models", model)
    options = [
        kind
        for kind in KIND_WORDS
        if kind not in READABLE or any(READABLE[kind](card, layer) for layer in layers)
    ]
    help_text = "\n".join(f"- {words}" for words in KIND_WORDS.values())
    kinds = choices("Kinds of auditor", options, "kinds", _short, help_text)
    st.caption(_remark(kinds, options))
    return kinds


def _remark(kinds: list[str], options: list[str]) -> str:
    """Say what the kinds chosen read, and why another is not offered."""
    said = [KIND_WORDS[kind] + "." for kind in kinds]
    if "cnn" not in options:
        said.append("No chosen layer has a map, which a CNN reads.")
    return " ".join(said) or "Choose at least one kind."


def _short(kind: str) -> str:
    return KIND_WORDS[kind].partition(":")[0]


def _written(model: str, layers: list[str]) -> str:
    """Write layers as a request has them."""
    every = layer_names(reading.card("models", model))
    return ALL if len(layers) == len(every) > 1 else ",".join(layers)
