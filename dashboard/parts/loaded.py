"""Models and auditors kept loaded between questions. The engine, and PyTorch with it, is imported at the first one."""
# ruff: noqa: PLC0415

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.access import require_operator
from dashboard.changes import audit_image
from dashboard.parts.images import Given
from dashboard.parts.thumbnails import data_uri
from dashboard.reading import card, home, home_path, version_of
from mintcore.evaluation.histogram import score_histogram

if TYPE_CHECKING:
    from mintcore.image_audit import ImageAuditor
    from mintcore.models.registration import AuditedModel

Versions = tuple[int, int]

KEPT_AUDITORS = 4
_KEPT_MODELS = 2
_KEPT_FINDINGS = 2000
_KEPT_PICTURES = 500
_PICTURE_PX = 96

RUNNING = threading.Lock()
"""Held while a model runs: sessions share it, and what it computes inside is taken by hooks on the model itself."""


def judge(auditor: str, image: Given) -> dict[str, Any]:
    """Judge an image and keep the audit, not the image.

    Args:
        auditor: Id of the auditor.
        image: The image; it is decoded where it was not judged before.

    Returns:
        The fields of an ``ImageFinding``, and ``audit``, the id of the audit that was kept.

    Raises:
        MintError: The image cannot be read, the model is another one by now, it gives no finite activations, or the
            person is no operator.
    """
    require_operator()
    finding = _judge(home_path(), auditor, versions_of(auditor), image.key, _image=image)
    return finding | {"name": image.name}


def show_small(image: Given) -> None:
    """Draw an image at the size of a thumbnail.

    Raises:
        MintError: The image cannot be read.
    """
    st.image(_small(image.key, _image=image), width=_PICTURE_PX)


def held_out_histogram(auditor: str) -> list[dict[str, Any]]:
    """Give the score histogram of the members and externals that an auditor held out."""
    return _histogram(home_path(), auditor, versions_of(auditor))


def loaded_auditor(auditor: str) -> "ImageAuditor":
    """Give an auditor with its audited model, loaded; only operators run models.

    Raises:
        MintError: The person is no operator.
    """
    require_operator()
    return _load(home_path(), auditor, versions_of(auditor))


def versions_of(auditor: str) -> Versions:
    """Give the times at which an auditor and its audited model were published: both belong into the key of a cache."""
    model = str(card("auditors", auditor)["model"])
    return version_of("auditors", auditor), version_of("models", model)


@st.cache_resource(show_spinner="Loading the auditor ...", max_entries=KEPT_AUDITORS)
def _load(path: str, auditor: str, versions: Versions) -> "ImageAuditor":
    from mintcore.image_audit import with_model

    found = card("auditors", auditor)
    return with_model(home(), found, _model(path, found["model"], versions[1]))


@st.cache_resource(show_spinner="Loading the model ...", max_entries=_KEPT_MODELS)
def _model(path: str, model: str, version: int) -> "AuditedModel":
    from mintcore.devices import choose_device
    from mintcore.models.registration import load_model

    return load_model(home(), model, choose_device("auto"))


@st.cache_data(show_spinner="Judging the image ...", max_entries=_KEPT_FINDINGS)
def _judge(
    path: str, auditor: str, versions: Versions, key: str, *, _image: Given
) -> dict[str, Any]:
    pixels = _image.pixels()  # before the model: a bad file fails at once
    loaded = _load(path, auditor, versions)  # its spinner comes first; it imports PyTorch
    with RUNNING:
        finding, kept = audit_image(loaded, _image.name, pixels)
    return asdict(finding) | {"audit": kept}


@st.cache_data(show_spinner=False, max_entries=KEPT_AUDITORS)
def _histogram(path: str, auditor: str, versions: Versions) -> list[dict[str, Any]]:
    members, externals = _load(path, auditor, versions).held_out
    return score_histogram({"held-out externals": externals, "held-out members": members})


@st.cache_data(show_spinner=False, max_entries=_KEPT_PICTURES)
def _small(key: str, *, _image: Given) -> str:
    return data_uri(_image.pixels())
