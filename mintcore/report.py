"""The report of an audit: one self-contained HTML file, with no network and no script."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jinja2 import Environment, PackageLoader, select_autoescape

from mintcore.palette import AUDITED, EXTERNAL, MEMBER
from store.artefacts import Card

BINS = 30
LISTED = 20
_PAGES = Environment(
    loader=PackageLoader("mintcore", "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
)


def write_dataset_report(file: Path, card: Card, images: pa.Table, compared: pa.Table) -> None:
    """Write the report of a dataset audit.

    Args:
        file: Where to.
        card: The audit's card.
        images: The audited images, best first: sample_id, uri, score, probability, p_value.
        compared: The auditor's held-out images: is_member, score.
    """
    is_member = compared.column("is_member").to_numpy(zero_copy_only=False)
    score = compared.column("score").to_numpy()
    groups = {
        ("audited set", AUDITED): images.column("score").to_numpy(),
        ("held-out externals", EXTERNAL): score[~is_member],
        ("held-out members", MEMBER): score[is_member],
    }
    page = _PAGES.get_template("dataset.html.j2")
    listed = images.slice(0, LISTED).to_pylist()
    file.write_text(page.render(card=card, images=listed, histogram=histogram(groups)))


def write_image_report(file: Path, card: Card, auditor: Card) -> None:
    """Write the report of an image audit.

    Args:
        file: Where to.
        card: The audit's card.
        auditor: The card of the auditor.
    """
    file.write_text(_PAGES.get_template("image.html.j2").render(card=card, auditor=auditor))


def histogram(groups: Mapping[tuple[str, str], np.ndarray]) -> list[dict[str, Any]]:
    """Bin the scores of groups on one scale.

    Args:
        groups: (name, colour) of each group -> its scores.

    Returns:
        For each group its name, colour and n, and (x, height) of each bin as shares of the width and of the highest
        bin.
    """
    finite = {group: values[np.isfinite(values)] for group, values in groups.items()}
    pooled = np.concatenate(list(finite.values()))
    low, high = np.quantile(pooled, [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    drawn = []
    for (name, colour), values in finite.items():
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        shares = counts / max(1, counts.max())
        bars = [{"x": i / BINS, "height": float(share)} for i, share in enumerate(shares)]
        drawn.append({"name": name, "colour": colour, "n": len(values), "bars": bars})
    return drawn
