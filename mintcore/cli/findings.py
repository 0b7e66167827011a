"""How findings of auditors are printed."""

import shlex
from collections.abc import Sequence
from typing import Any

import typer

from mintcore.cli.output import table

AUC_HEADING = "AUC [95% interval]"
COLUMNS = {
    "layer": "layer",
    "kind": "kind",
    "auc": AUC_HEADING,
    "blind": "best blind baseline",
    "advantage": "advantage [95% interval]",
    "tier": "tier",
}


def print_sweep(rows: Sequence[dict[str, Any]]) -> None:
    """Print auditors as a table, a line each."""
    table([in_words(row) for row in rows], COLUMNS)
    typer.echo(
        f"n = {rows[0]['n_members']} members and {rows[0]['n_externals']} externals held out. "
        "Advantage = AUC minus the best blind baseline's. `mint auditor list` gives the ids."
    )
    for sweep in dict.fromkeys(row["sweep"] for row in rows):
        typer.echo(f"A report on it: {shlex.join(['mint', 'report', sweep])}")


def print_comparison(cells: Sequence[dict[str, Any]]) -> None:
    """Print the cells of a comparison of databases, a line each."""
    figures = {key: COLUMNS[key] for key in ("auc", "blind", "advantage", "tier")}
    columns = {"train_external": "trained against", "test_external": "tested on", **figures}
    table([in_words(cell) for cell in cells], columns)


def in_words(row: dict[str, Any]) -> dict[str, Any]:
    """Write the figures of an auditor with their intervals."""
    low, high = row["auc_ci"]
    least, most = row["advantage_ci"]
    return {
        **row,
        "auc": f"{row['auc']:.3f} [{low:.3f}, {high:.3f}]",
        "blind": f"{row['blind_auc']:.3f} {row['best_blind']}",
        "advantage": f"{row['advantage']:+.3f} [{least:+.3f}, {most:+.3f}]",
    }
