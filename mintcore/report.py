"""The report of an audit: one self-contained HTML file, with no network and no script."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape

from mintcore.audit_tables import AuditTables
from mintcore.evaluation.histogram import score_histogram
from mintcore.palette import AUDITED, EXTERNAL, MEMBER
from mintcore.verdicts import discoveries_note, groups_note
from store.artefacts import Card

BINS = 30
LISTED = 20
_PAGES = Environment(
    loader=PackageLoader("mintcore", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
)


def write_dataset_report(file: Path, card: Card, tables: AuditTables) -> None:
    """Write the report of a dataset audit.

    Args:
        file: Where to.
        card: The audit's card.
        tables: Its images, groups, and the held-out images.
    """
    is_member = tables.compared.column("is_member").to_numpy(zero_copy_only=False)
    score = tables.compared.column("score").to_numpy()
    groups = {
        ("audited set", AUDITED): tables.images.column("score").to_numpy(),
        ("held-out externals", EXTERNAL): score[~is_member],
        ("held-out members", MEMBER): score[is_member],
    }
    page = _PAGES.get_template("dataset.html.j2")
    text = page.render(
        card=card,
        images=tables.images.slice(0, LISTED).to_pylist(),
        groups=tables.groups.slice(0, LISTED).to_pylist(),
        n_groups=len(tables.groups),
        histogram=histogram(groups),
        discoveries_note=discoveries_note(card),
        groups_note=groups_note(card),
    )
    file.write_text(text, encoding="utf-8")


def write_image_report(file: Path, card: Card, auditor: Card) -> None:
    """Write the report of an image audit.

    Args:
        file: Where to.
        card: The audit's card.
        auditor: The card of the auditor.
    """
    file.write_text(_PAGES.get_template("image.html.j2").render(card=card, auditor=auditor))


def histogram(groups: Mapping[tuple[str, str], np.ndarray]) -> list[dict[str, Any]]:
    """Bin the scores of groups on one scale, each drawn as high as its fullest bin.

    Args:
        groups: (name, colour) of each group -> its scores.

    Returns:
        For each group its name, colour and n, and (x, height) of each bin as shares of the width and of the highest
        bin.
    """
    rows = score_histogram({name: scores for (name, _), scores in groups.items()}, BINS)
    drawn = []
    for name, colour in groups:
        bins = [row for row in rows if row["group"] == name]
        highest = max(1, *(row["count"] for row in bins))
        bars = [{"x": i / BINS, "height": row["count"] / highest} for i, row in enumerate(bins)]
        drawn.append({"name": name, "colour": colour, "n": bins[0]["n"], "bars": bars})
    return drawn
