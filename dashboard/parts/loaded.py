"""Auditors kept loaded between questions. The engine, and PyTorch with it, is imported at the first one."""
# ruff: noqa: PLC0415

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from dashboard.reading import home, version_of
from mintcore.evaluation.histogram import score_histogram
from mintcore.images import image_id

if TYPE_CHECKING:
    from mintcore.image_audit import ImageAuditor

_KEPT_AUDITORS = 4
_KEPT_FINDINGS = 2000


def judge(auditor: str, name: str, pixels: np.ndarray) -> dict[str, Any]:
    """Judge an image and keep the audit, not the image.

    Args:
        auditor: Id of the auditor.
        name: How the person called the image.
        pixels: (H, W, 3) uint8.

    Returns:
        The fields of an ``ImageFinding``.

    Raises:
        MintError: The model is another one by now, or gives no finite activations for this image.
    """
    version = version_of("auditors", auditor)
    finding = _judge(str(home().path), auditor, version, image_id(pixels), name, _pixels=pixels)
    return finding | {"name": name}


def held_out_histogram(auditor: str) -> list[dict[str, Any]]:
    """Give the score histogram of the members and externals that an auditor held out."""
    return _histogram(str(home().path), auditor, version_of("auditors", auditor))


@st.cache_resource(show_spinner="Loading the model ...", max_entries=_KEPT_AUDITORS)
def _load(path: str, auditor: str, version: int) -> "ImageAuditor":
    from mintcore.image_audit import load_image_auditor

    return load_image_auditor(home(), auditor, device="auto")


@st.cache_data(show_spinner="Judging the image ...", max_entries=_KEPT_FINDINGS)
def _judge(
    path: str, auditor: str, version: int, sample_id: str, name: str, *, _pixels: np.ndarray
) -> dict[str, Any]:
    loaded = _load(path, auditor, version)  # its spinner comes first; it imports PyTorch
    from mintcore.image_audit import audit_images, publish_image_audit

    (finding,) = audit_images(loaded, [(name, _pixels)])
    publish_image_audit(home(), loaded, finding)
    return asdict(finding)


@st.cache_data(show_spinner=False, max_entries=_KEPT_AUDITORS)
def _histogram(path: str, auditor: str, version: int) -> list[dict[str, Any]]:
    from mintcore.image_audit import held_out_scores

    members, externals = held_out_scores(_load(path, auditor, version))
    return score_histogram({"held-out externals": externals, "held-out members": members})
