"""What is in a home folder, as tables: for pages and commands. Reads cards and small files; never imports torch."""

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.settings import DEFAULT_HOME, HOME_VARIABLE
from store.artefacts import Card, Home
from store.feature_store import open_store

_AUDITOR_FIGURES = (
    "layer",
    "auc",
    "auc_ci",
    "accuracy",
    "accuracy_ci",
    "blind_auc",
    "blind_auc_ci",
    "best_blind",
    "advantage",
    "advantage_ci",
    "tier",
    "n_members",
    "n_externals",
)


def home_of_environment() -> Home:
    """Give the home folder that ``MINT_HOME`` names, or ``./mint-home``."""
    return Home(Path(os.environ.get(HOME_VARIABLE, DEFAULT_HOME)))


def auditor_row(card: Card) -> dict[str, Any]:
    """Give the line of an auditor in a table that compares layers."""
    return {
        "auditor": card["id"],
        "model": card["model"],
        "members": card["made_from"]["members"]["dataset"],
        "external": card["made_from"]["external"]["dataset"],
        "kind": card["auditor_kind"],
        "seed": card["seed"],
        **{key: card[key] for key in _AUDITOR_FIGURES},
    }


def auditor_rows(home: Home) -> list[dict[str, Any]]:
    """List the auditors, oldest first, one line each."""
    return [auditor_row(card) for card in home.cards("auditors")]


def audit_row(card: Card) -> dict[str, Any]:
    """Give the line of an audit in a list of audits."""
    keys = ("id", "created", "auditor", "model", "verdict", "tier", "p_value", "meaning")
    subject = card["dataset"] if card["audit_kind"] == "dataset" else card["name"]
    return {"kind": card["audit_kind"], "subject": subject, **{key: card[key] for key in keys}}


def audit_rows(home: Home) -> list[dict[str, Any]]:
    """List the audits, newest first, one line each."""
    return [audit_row(card) for card in reversed(home.cards("audits"))]


def store_infos(home: Home) -> list[dict[str, Any]]:
    """Say what each feature store holds: images, layers, bytes."""
    return [open_store(home.folder("stores", card["id"])).info() for card in home.cards("stores")]


def auditor_history(home: Home, auditor: str) -> pa.Table:
    """Read the training of an auditor: network, epoch, train_loss, validation_loss, validation_auc."""
    return pq.read_table(home.folder("auditors", auditor) / "history.parquet")


def auditor_scores(home: Home, auditor: str) -> pa.Table:
    """Read the scores of an auditor's cohort: sample_id, is_member, part, and a column for each network."""
    return pq.read_table(home.folder("auditors", auditor) / "scores.parquet")


def audit_scores(home: Home, audit: str) -> pa.Table:
    """Read the images of a dataset audit, best first: sample_id, uri, label, registered_as, score, p_value."""
    return pq.read_table(home.folder("audits", audit) / "scores.parquet")


def audit_compared(home: Home, audit: str) -> pa.Table:
    """Read the held-out images that a dataset audit was compared with: sample_id, is_member, score."""
    return pq.read_table(home.folder("audits", audit) / "compared.parquet")


def audit_report(home: Home, audit: str) -> str:
    """Read the report of an audit, one HTML page."""
    return (home.folder("audits", audit) / "report.html").read_text(encoding="utf-8")
