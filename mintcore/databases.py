"""What a comparison of databases says of each source of externals. Reads the card alone; needs no torch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mintcore.verdicts import BLIND_AUC_CAP

SAME_SOURCE, OTHER_SOURCE = "same source", "other source"

Cell = Mapping[str, Any]


def by_source(cells: Sequence[Cell], same: Collection[str]) -> dict[str, list[Cell]]:
    """Group cells by where the externals come from that they are tested on.

    That, and not what the auditor was trained against, decides what a test can show: its externals stand beside the
    members.

    Args:
        cells: The cells of a comparison.
        same: Datasets of externals from the same source as the members.

    Returns:
        ``SAME_SOURCE`` and ``OTHER_SOURCE`` -> the cells, where there are any.
    """
    grouped = {
        SAME_SOURCE: [cell for cell in cells if cell["test_external"] in same],
        OTHER_SOURCE: [cell for cell in cells if cell["test_external"] not in same],
    }
    return {source: found for source, found in grouped.items() if found}


def told_apart(cells: Sequence[Cell]) -> list[Cell]:
    """Choose the cells in which a blind baseline clearly tells members and externals apart as images."""
    return [cell for cell in cells if cell["blind_auc_ci"][0] > BLIND_AUC_CAP]


def left_out(card: Mapping[str, Any]) -> list[Cell] | None:
    """Give a cell a source that was left out: trained against all others, tested on it.

    Returns:
        The cells; None where a comparison of three sources or more was made by an earlier version. Of two sources,
        leaving one out leaves the other.
    """
    if "leave_one_out" in card:
        found: list[Cell] = card["leave_one_out"]
        return found
    if len(card["external"]) > 2:
        return None
    return [cell for cell in card["cells"] if cell["train_external"] != cell["test_external"]]
