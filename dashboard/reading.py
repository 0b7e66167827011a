"""Reads of the home folder, kept in memory by artefact id and time of publication.

Cards are shared by all sessions, for a copy of hundreds would take longer than all else on a page: never change one.
"""

from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from mintcore import defaults, library
from mintcore.audited_images import Wanted, chosen_images, names_in
from mintcore.datasets import reading as datasets
from mintcore.evaluation.histogram import score_histogram
from mintcore.verdicts import SHOWN_TIERS

Kind = library.Kind
Rows = list[dict[str, Any]]

home = library.home_of_environment


def home_path() -> str:
    """Give the path of the home folder, which belongs into the key of a cache."""
    return str(home().path.resolve())


def cards(kind: Kind) -> Rows:
    """Give the cards of a kind, oldest first."""
    versions = library.artefact_versions(home(), kind)
    return list(_cards(home_path(), kind, str(versions), _versions=versions))


def card(kind: Kind, artefact_id: str) -> dict[str, Any]:
    """Give one card.

    Raises:
        StoreError: There is no such artefact; near names are suggested.
    """
    return _card(home_path(), kind, artefact_id, version_of(kind, artefact_id))


def version_of(kind: Kind, artefact_id: str) -> int:
    """Give the time an artefact was published, which belongs into the key of a cache."""
    return library.artefact_version(home(), kind, artefact_id)


def ranked_auditors() -> Rows:
    """Give the auditors' cards: the default one, then those that show membership, each group by advantage."""
    first = default_auditor()
    return sorted(
        cards("auditors"),
        key=lambda card: (card["id"] == first, card["tier"] in SHOWN_TIERS, card["advantage"]),
        reverse=True,
    )


def default_auditor() -> str | None:
    """Give the id of the auditor that a person chose to come first; None where there is none."""
    return defaults.default_auditor(home())


def stores() -> Rows:
    """Say what the stores hold."""
    versions = library.store_versions(home())
    return [_store(home_path(), name, version) for name, version in versions.items()]


def history(auditor: str) -> pd.DataFrame:
    """Give the training of an auditor: network, epoch, train_loss, validation_loss, validation_auc."""
    return _history(home_path(), auditor, version_of("auditors", auditor))


def audited_images(audit: str, wanted: Wanted) -> pa.Table:
    """Give the images of a dataset audit that are wanted."""
    return _audited_images(home_path(), audit, version_of("audits", audit), wanted)


def audited_names(audit: str, column: Literal["label", "identity"]) -> list[str]:
    """List the labels or the identities of the images of a dataset audit."""
    return _audited_names(home_path(), audit, version_of("audits", audit), column)


def audited_groups(audit: str) -> pd.DataFrame:
    """Give the labels and identities of a dataset audit, lowest p-value first; none in audits of earlier versions."""
    return _audited_groups(home_path(), audit, version_of("audits", audit))


def audit_histogram(audit: str) -> Rows:
    """Give the score histogram of a dataset audit: audited set, held-out externals, held-out members."""
    return _audit_histogram(home_path(), audit, version_of("audits", audit))


def thumbnail(uri: str) -> np.ndarray:
    """Give the pixels of a stored image.

    Raises:
        MintError: The file is gone, or no longer holds a readable image.
    """
    return datasets.read_pixels(uri)


@st.cache_resource(show_spinner="Reading the home folder ...", max_entries=20)
def _cards(path: str, kind: Kind, key: str, *, _versions: dict[str, int]) -> Rows:
    found = [_card(path, kind, name, version) for name, version in _versions.items()]
    return sorted(found, key=lambda card: card["created"])


@st.cache_resource(show_spinner=False, max_entries=2000)
def _card(path: str, kind: Kind, artefact_id: str, version: int) -> dict[str, Any]:
    return home().card(kind, artefact_id)


@st.cache_data(show_spinner="Reading the stores ...", max_entries=200)
def _store(path: str, name: str, version: tuple[int, int]) -> dict[str, Any]:
    return library.store_info(home(), name)


@st.cache_data(show_spinner=False, max_entries=50)
def _history(path: str, auditor: str, version: int) -> pd.DataFrame:
    return library.auditor_history(home(), auditor).to_pandas()


@st.cache_resource(
    show_spinner="Reading the scores ...", max_entries=3
)  # of 16 MB for 100,000 images
def _audited_images(path: str, audit: str, version: int, wanted: Wanted) -> pa.Table:
    return chosen_images(home(), audit, wanted)


@st.cache_data(show_spinner=False, max_entries=50)
def _audited_names(
    path: str, audit: str, version: int, column: Literal["label", "identity"]
) -> list[str]:
    return names_in(home(), audit, column)


@st.cache_data(show_spinner=False, max_entries=50)
def _audited_groups(path: str, audit: str, version: int) -> pd.DataFrame:
    return library.audit_groups(home(), audit).to_pandas()


@st.cache_data(show_spinner="Reading the scores ...", max_entries=50)
def _audit_histogram(path: str, audit: str, version: int) -> Rows:
    compared = library.audit_compared(home(), audit)
    is_member = compared.column("is_member").to_numpy(zero_copy_only=False)
    score = compared.column("score").to_numpy()
    return score_histogram(
        {
            "audited set": library.audit_scores(home(), audit, ["score"])
            .column("score")
            .to_numpy(),
            "held-out externals": score[~is_member],
            "held-out members": score[is_member],
        }
    )
