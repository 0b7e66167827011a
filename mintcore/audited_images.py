"""Choose among the images of a dataset audit: by label, by identity, by what was named."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintcore.datasets.uris import parse_uri
from mintcore.library import audit_scores
from store.artefacts import Home

Order = Literal["highest", "lowest"]


@dataclass(frozen=True)
class Wanted:
    """Which images of an audit to give.

    Attributes:
        label: Only those of this label; None for all.
        identity: Only those of this identity; None for all.
        named_at: Only those found at this false-discovery rate; None for all.
        order: Whether the highest scores come first, or the lowest.
    """

    label: str | None = None
    identity: str | None = None
    named_at: float | None = None
    order: Order = "highest"


def chosen_images(home: Home, audit: str, wanted: Wanted) -> pa.Table:
    """Give the images of an audit that are wanted: the columns of ``library.audit_scores``.

    A column that an audit of an earlier version lacks keeps no image where it is asked for.
    """
    table = audit_scores(home, audit)
    for column, value, fits in (
        ("label", wanted.label, pc.equal),
        ("identity", wanted.identity, pc.equal),
        ("q_value", wanted.named_at, pc.less_equal),
    ):
        if value is not None:
            known = column in table.column_names
            table = table.filter(fits(table.column(column), value)) if known else table.slice(0, 0)
    if wanted.order == "lowest":
        table = table.take(pa.array(np.arange(len(table))[::-1]))
    return table


def names_in(home: Home, audit: str, column: Literal["label", "identity"]) -> list[str]:
    """List the labels or the identities of an audit's images, sorted; none where it kept none."""
    table = audit_scores(home, audit, [column])
    if column not in table.column_names:
        return []
    return sorted(value for value in pc.unique(table.column(column)).to_pylist() if value)


def with_names(images: pa.Table) -> list[dict[str, Any]]:
    """Give rows of images with the ``name`` of each, as a person knows it: its file, or its entry of a zip."""
    return [row | {"name": name_of(row["uri"])} for row in images.to_pylist()]


def name_of(uri: str | None) -> str:
    """Give the last part of an image's name, with its place where it lies inside a file."""
    if not uri:
        return ""
    address = parse_uri(uri)
    if address.kind == "zip":
        return uri.rpartition("#")[2].partition("/")[2].rpartition("/")[2] or uri
    return uri.rpartition("/")[2]
