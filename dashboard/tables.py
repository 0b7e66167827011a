"""Tables: auditors, audits and groups as rows for people."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard.wording import (
    NETWORKS,
    auditor_name,
    interval,
    p_value,
    share_of_members,
    signed,
    signed_interval,
)

COLUMNS = {
    "model": "model",
    "layer": "layer",
    "auditor_kind": "kind",
    "view": "view",
    "tier": "evidence",
    "advantage": "advantage",
    "advantage_95": "95% interval",
    "auc": "AUC",
    "auc_95": "95% interval of AUC",
    "blind_auc": "best blind AUC",
    "best_blind": "best blind baseline",
    "members": "members",
    "external": "externals",
    "n_members": "held-out members",
    "n_externals": "held-out externals",
    "seed": "seed",
    "id": "auditor",
}

GROUP_COLUMNS = {
    "kind": "kind",
    "group": "group",
    "n": "images",
    "n_externals": "externals",
    "auc": "AUC",
    "blind_auc": "best blind AUC",
    "cliffs_delta": "Cliff's delta",
    "mean_score": "mean score",
    "p_value": "p",
    "q_value": "q",
}


def auditor_table(auditors: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Arrange auditors' cards as a table for people, in the order given."""
    rows = [
        {
            **card,
            "view": card["view"] or "several",
            "members": card["made_from"]["members"]["dataset"],
            "external": card["made_from"]["external"]["dataset"],
            "advantage_95": signed_interval(card["advantage_ci"]),
            "auc_95": interval(card["auc_ci"]),
            "advantage": round(card["advantage"], 3) + 0.0,  # what rounds to nothing has no minus
        }
        for card in auditors
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).rename(columns=COLUMNS)


def ranking_table(auditors: Sequence[Mapping[str, Any]], default: str | None) -> pd.DataFrame:
    """Arrange auditors' cards as a ranking, in the order given: what is read first comes first.

    Args:
        auditors: The cards.
        default: Id of the default auditor, which is marked.
    """
    return pd.DataFrame(
        [
            {
                "auditor": f"{'★ ' if card['id'] == default else ''}{auditor_name(card)}",
                "evidence": card["tier"],
                "advantage": round(card["advantage"], 3) + 0.0,  # nothing has no minus
                "95% interval": signed_interval(card["advantage_ci"]),
                "AUC": card["auc"],
                "externals": card["made_from"]["external"]["dataset"],
                "best blind AUC": card["blind_auc"],
                "best blind baseline": card["best_blind"],
                "held-out images": card["n_members"] + card["n_externals"],
                "model": card["model"],
                "members": card["made_from"]["members"]["dataset"],
                "id": card["id"],
            }
            for card in auditors
        ]
    )


def run_table(runs: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Arrange trained auditors beside each other as a table for people: each figure with its interval.

    Args:
        runs: Name of each -> its card.
    """
    return pd.DataFrame(
        [
            {
                "run": name,
                "evidence": card["tier"],
                "advantage": f"{signed(card['advantage'])} ({signed_interval(card['advantage_ci'])})",
                "AUC": f"{card['auc']:.3f} ({interval(card['auc_ci'])})",
                "best blind AUC": f"{card['blind_auc']:.3f} ({interval(card['blind_auc_ci'])})",
                "accuracy": f"{card['accuracy']:.3f} ({interval(card['accuracy_ci'])})",
                "held-out members": card["n_members"],
                "held-out externals": card["n_externals"],
                "auditor": card["id"],
            }
            for name, card in runs.items()
        ]
    )


def cell_table(cells: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Arrange the cells of a comparison as a table for people."""
    return pd.DataFrame(
        [
            {
                "trained against": cell["train_external"],
                "tested on": cell["test_external"],
                "evidence": cell["tier"],
                "advantage": signed(cell["advantage"]),
                "its interval": signed_interval(cell["advantage_ci"]),
                "AUC": f"{cell['auc']:.3f}",
                "AUC interval": interval(cell["auc_ci"]),
                "best blind AUC": f"{cell['blind_auc']:.3f}",
                "blind interval": interval(cell["blind_auc_ci"]),
                "best blind baseline": cell["best_blind"],
                "accuracy": f"{cell['accuracy']:.3f}",
                "accuracy interval": interval(cell["accuracy_ci"]),
                "held-out members": cell["n_members"],
                "held-out externals": cell["n_externals"],
            }
            for cell in cells
        ]
    )


def audit_table(audits: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Arrange audits of datasets side by side as a table for people, in the order given."""
    return pd.DataFrame(
        [
            {
                "dataset": audit["dataset"],
                "auditor": audit["auditor"],
                "verdict": audit["verdict"],
                "p": p_value(audit["p_value"]),
                "share of members": share_of_members(audit["share"]),
                "AUC": f"{audit['auc']:.3f}",
                "AUC interval": interval(audit["auc_ci"]),
                "best blind AUC": f"{audit['blind_auc']:.3f}",
                "best blind baseline": audit["best_blind"],
                "advantage": signed(audit["advantage"]),
                "its interval": signed_interval(audit["advantage_ci"]),
                "images": audit["n_audited"],
                "audit": audit["id"],
            }
            for audit in audits
        ]
    )


def drift_table(drift: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Arrange the drift of an audited set as a table for people."""
    return pd.DataFrame(
        [
            {
                "scored by": NETWORKS.get(row["network"], row["network"]),
                "set from training externals": f"{row['from_training']:.2f}",
                "expected": f"{row['expected']:.2f}",
                "set from held-out externals": f"{row['from_held_out']:.2f}",
                "p": p_value(row["p_value"]),
            }
            for row in drift
        ]
    )


def group_table(groups: pd.DataFrame) -> pd.DataFrame:
    """Arrange the labels and identities of an audit as a table for people, in the order given."""
    rounded = groups.assign(
        p_value=groups["p_value"].map(p_value), q_value=groups["q_value"].map(p_value)
    ).round(3)
    return rounded[list(GROUP_COLUMNS)].rename(columns=GROUP_COLUMNS)


def auditor_figures(auditors: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Arrange auditors' cards as a table for programs: both ends of each interval are numbers."""
    rows = [
        {
            **{key: card[key] for key in ("id", "model", "layer", "auditor_kind", "seed", "tier")},
            **_figures(card),
        }
        for card in auditors
    ]
    return pd.DataFrame(rows)


def cell_figures(cells: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Arrange the cells of a comparison as a table."""
    keys = ("train_external", "test_external", "tier")
    return pd.DataFrame([{**{key: cell[key] for key in keys}, **_figures(cell)} for cell in cells])


def _figures(measured: Mapping[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name in ("auc", "blind_auc", "advantage", "accuracy"):
        low, high = measured[f"{name}_ci"]
        figures |= {name: measured[name], f"{name}_low": low, f"{name}_high": high}
    keys = ("best_blind", "n_members", "n_externals")
    return figures | {key: measured[key] for key in keys}
