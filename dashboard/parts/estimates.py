"""What a training will take, shown before it begins."""

import json
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.figures import Figure, show_figures
from dashboard.reading import home, home_path
from dashboard.wording import plain, size
from mintcore import library
from mintcore.auditors.requests import SweepRequest
from mintcore.estimates.sweeps import SweepEstimate, estimate_sweep
from mintcore.estimates.wording import basis_of, in_short, short_time
from mintcore.extraction.paces import paces_version

_FREE_SECONDS = 60
_ROLES = {
    "audited model": "the audited model",
    "fresh weights": "the same with fresh weights",
    "reference model": "the reference model",
}


@st.fragment(parallel=True)
def show_estimate(request: dict[str, Any]) -> None:
    """Show what a sweep would take; the rest of the page does not wait for it.

    Args:
        request: Fields of a ``SweepRequest``.
    """
    with errors_as_sentences():
        found = _estimate(home_path(), json.dumps(request), _versions())
        if not found.networks:
            st.success(plain(in_short(found)[0]), icon=":material/check_circle:")
            return
        _figures(found)
        left, right = st.columns([5, 4], gap="medium")
        with left:
            st.dataframe(_table(found), hide_index=True, alt="Images that each model must compute.")
        with right:
            st.caption(plain(" ".join(basis_of(found))))


def _figures(found: SweepEstimate) -> None:
    there, fits = len(found.there), f"{size(found.free_bytes)} are free"
    compute = sum(model.compute for model in found.models)
    show_figures(
        [
            Figure(
                "Auditors to train",
                f"{found.auditors - there:,}",
                f"{there:,} are there already" if there else f"{found.networks:,} networks",
                "A network for each seed, of the auditor and of each blind baseline, and one on shuffled labels. What "
                "was trained on the same images with the same settings is not trained again.",
            ),
            Figure(
                "Images to compute",
                f"{compute:,}",
                f"{sum(model.cached for model in found.models):,} are cached",
                "Images that a model is still to be run on, over all models. What is stored is not computed again.",
            ),
            Figure(
                "On disk at most",
                size(found.bytes),
                fits if found.bytes <= found.free_bytes else f"too much: {fits}",
                "What the new activations take, before compression.",
            ),
            Figure(
                "Expected time",
                "unknown" if found.seconds is None else short_time(found.seconds),
                "an estimate",
                "From how fast this machine was before, where that was measured in this home folder; else from the "
                "model's operation count and an assumed speed.",
            ),
        ]
    )


def _table(found: SweepEstimate) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "run on": _ROLES[model.role],
                "images": f"{model.images:,}",
                "cached": f"{model.cached:,}",
                "to compute": f"{model.compute:,}",
                "on disk": size(model.bytes),
            }
            for model in found.models
        ]
    )


def _versions() -> tuple[Any, ...]:
    """Give what an estimate hangs on besides its request."""
    kinds = ("models", "datasets", "auditors")
    cards = [tuple(library.artefact_versions(home(), kind).items()) for kind in kinds]  # type: ignore[arg-type]
    return (*cards, tuple(library.store_versions(home()).items()), paces_version(home()))


@st.cache_data(show_spinner="Counting what is cached ...", max_entries=100, ttl=_FREE_SECONDS)
def _estimate(path: str, request: str, versions: tuple[Any, ...]) -> SweepEstimate:
    fields = json.loads(request)
    return estimate_sweep(home(), SweepRequest(**fields | {"kinds": tuple(fields["kinds"])}))
