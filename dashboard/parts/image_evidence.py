"""What can be found of one image beyond its verdict. The engine is imported at the first question."""
# ruff: noqa: PLC0415

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st

from dashboard import reading
from dashboard.parts.images import Given
from dashboard.parts.loaded import RUNNING, Versions, loaded_auditor, versions_of
from dashboard.reading import home, home_path
from mintcore import library

if TYPE_CHECKING:
    from mintcore.activation_maps import AverageMaps
    from mintcore.datasets.copies import Copies
    from mintcore.layer_votes import Voter
    from mintcore.neighbours import Neighbourhood, Scope

_STORE_SECONDS = 10
_KEPT = 200
_KEPT_MAPS = 10  # a whole map of a wide layer takes some MiB
_Names = tuple[str, ...]
_Dated = tuple[tuple[str, int], ...]


def votes(auditor: str, sample_id: str, image: Given) -> reading.Rows:
    """Let the auditors of single layers of the same experiment judge an image, from input to output."""
    voting = voting_auditors(auditor)
    return _votes(home_path(), auditor, _dated(voting), sample_id, _image=image)


def voting_auditors(auditor: str) -> reading.Rows:
    """Give the auditors of single layers of an auditor's experiment, from input to output."""
    card = reading.card("auditors", auditor)
    layers = library.layer_names(reading.card("models", card["model"]))
    return library.auditors_of(reading.cards("auditors"), library.experiment_of(card), layers)


def stored_layers(auditor: str, kind: Literal["map", "pooled"]) -> dict[str, str]:
    """Give layer -> key of its array in the audited model's store, as of some seconds ago."""
    return _stored(home_path(), auditor, versions_of(auditor), kind)


def average_maps(auditor: str, key: str) -> "AverageMaps":
    """Give the maps of the average member and external."""
    return _average(home_path(), auditor, versions_of(auditor), key)


def activation(auditor: str, key: str, sample_id: str, image: Given) -> np.ndarray:
    """Give what the audited model computes for an image, as the store would keep it, float32."""
    return _activation(home_path(), auditor, versions_of(auditor), key, sample_id, _image=image)


def neighbours(
    auditor: str, key: str, scope: "Scope", sample_id: str, image: Given
) -> tuple[reading.Rows, "Neighbourhood"]:
    """Find the nearest stored images: sample_id and distance of each, and among what they were looked for."""
    among = _neighbourhood(home_path(), auditor, versions_of(auditor), key, scope)
    vector = activation(auditor, key, sample_id, image)
    versions = versions_of(auditor)
    return _nearest(home_path(), auditor, versions, (key, scope), sample_id, _vector=vector), among


def listings(sample_ids: _Names) -> dict[str, reading.Rows]:
    """Give sample id -> the rows of registered datasets that list it."""
    return _listings(home_path(), _datasets(), sample_ids)


def copies(sample_id: str, image: Given) -> "Copies":
    """Find an image among all registered ones."""
    return _copies(home_path(), _datasets(), sample_id, _image=image)


def forget_stored() -> None:
    """Look at the store again, since a job has written to it."""
    _stored.clear()


def _dated(cards: reading.Rows) -> _Dated:
    return tuple((card["id"], reading.version_of("auditors", card["id"])) for card in cards)


def _datasets() -> _Dated:
    cards = reading.cards("datasets")
    return tuple((card["id"], reading.version_of("datasets", card["id"])) for card in cards)


def _names(dated: _Dated) -> list[str]:
    return [name for name, _ in dated]


@st.cache_resource(show_spinner="Loading the auditors of all layers ...", max_entries=2)
def _voters(
    path: str, model: str, model_version: int, voting: _Dated, _auditor: str
) -> "list[Voter]":
    from mintcore.layer_votes import load_voters

    cards = [reading.card("auditors", name) for name in _names(voting)]
    return load_voters(home(), loaded_auditor(_auditor).model, cards)


@st.cache_data(show_spinner="Asking the auditor of each layer ...", max_entries=_KEPT)
def _votes(
    path: str, auditor: str, voting: _Dated, sample_id: str, *, _image: Given
) -> reading.Rows:
    model = loaded_auditor(auditor).model
    voters = _voters(path, model.name, versions_of(auditor)[1], voting, auditor)
    from mintcore.layer_votes import layer_votes

    pixels = _image.pixels()
    with RUNNING:
        return [asdict(vote) for vote in layer_votes(model, voters, _image.name, pixels)]


@st.cache_data(show_spinner=False, ttl=_STORE_SECONDS, max_entries=20)
def _stored(path: str, auditor: str, versions: Versions, kind: str) -> dict[str, str]:
    from mintcore.activation_maps import stored_arrays

    found = stored_arrays(home(), reading.card("auditors", auditor), kind)
    return {layer: spec.key for layer, spec in found.items()}


@st.cache_data(show_spinner="Averaging the stored maps ...", max_entries=_KEPT_MAPS)
def _average(path: str, auditor: str, versions: Versions, key: str) -> "AverageMaps":
    from mintcore.activation_maps import average_maps as average

    loaded = loaded_auditor(auditor)
    return average(home(), loaded.card, key, loaded.known)


@st.cache_data(show_spinner=False, max_entries=_KEPT_MAPS)
def _activation(
    path: str, auditor: str, versions: Versions, key: str, sample_id: str, *, _image: Given
) -> np.ndarray:
    from mintcore.activation_maps import image_activation

    loaded = loaded_auditor(auditor)
    spec = _array(path, auditor, versions, key)
    pixels = _image.pixels()
    with RUNNING:
        return image_activation(loaded, spec, _image.name, pixels)


@st.cache_resource(show_spinner=False, max_entries=_KEPT, ttl="10m")
def _array(path: str, auditor: str, versions: Versions, key: str) -> Any:
    """Describe an array: to open its store takes longer than to run a small model."""
    from mintcore.activation_maps import stored_array

    return stored_array(home(), reading.card("auditors", auditor), key)


@st.cache_resource(show_spinner="Finding the stored images ...", max_entries=4, ttl="10m")
def _neighbourhood(
    path: str, auditor: str, versions: Versions, key: str, scope: "Scope"
) -> "Neighbourhood":
    from mintcore.neighbours import neighbourhood

    loaded = loaded_auditor(auditor)
    return neighbourhood(home(), loaded.card, key, loaded.known, scope)


@st.cache_data(show_spinner="Comparing with the stored images ...", max_entries=_KEPT, ttl="10m")
def _nearest(
    path: str,
    auditor: str,
    versions: Versions,
    place: "tuple[str, Scope]",
    sample_id: str,
    *,
    _vector: np.ndarray,
) -> reading.Rows:
    from mintcore.neighbours import nearest

    among = _neighbourhood(path, auditor, versions, *place)
    return [asdict(each) for each in nearest(among, _vector)]


@st.cache_data(show_spinner=False, max_entries=_KEPT)
def _listings(path: str, datasets: _Dated, sample_ids: _Names) -> dict[str, reading.Rows]:
    from mintcore.datasets.reading import where_registered

    return where_registered(home(), _names(datasets), sample_ids)


@st.cache_data(show_spinner="Looking among the registered images ...", max_entries=_KEPT)
def _copies(path: str, datasets: _Dated, sample_id: str, *, _image: Given) -> "Copies":
    from mintcore.datasets.copies import find_copies

    return find_copies(home(), _names(datasets), _image.pixels())
