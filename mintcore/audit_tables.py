"""The tables of a dataset audit: its images, and its labels and identities."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import pyarrow as pa

from mintcore.auditors.calibration import calibrated
from mintcore.auditors.evidence import AUDITOR
from mintcore.evaluation.groups import GroupFinding, by_identity, by_label
from mintcore.evaluation.ranks import conformal_p_values
from mintcore.set_evidence import Sides, image_q_values
from store.artefacts import Card

_NAMES, _COUNTS = ("kind", "group"), ("n", "n_externals")
GROUPS_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _NAMES),
        *((name, pa.int64()) for name in _COUNTS),
        *(
            (field.name, pa.float64())
            for field in fields(GroupFinding)
            if field.name not in (*_NAMES, *_COUNTS)
        ),
    ]
)

Rows = Sequence[Mapping[str, Any]]


def image_table(card: Card, images: Rows, sides: Sides) -> pa.Table:
    """Arrange the audited images with their scores, the highest first.

    Args:
        card: The auditor's card.
        images: N rows from `described`.
        sides: The scores, of the same N images.
    """
    scores = sides.audited[AUDITOR]
    p_values = conformal_p_values(scores, sides.externals[AUDITOR])
    return pa.table(
        {
            "sample_id": [row["sample_id"] for row in images],
            "uri": [row["uri"] for row in images],
            "label": _column(images, "label"),
            "identity": _column(images, "identity"),
            "registered_as": [row["membership"] for row in images],
            "score": scores,
            "probability": calibrated(scores, card["calibration"]),
            "p_value": p_values,
            "q_value": image_q_values(p_values),
        }
    ).sort_by([("score", "descending")])


def group_table(images: Rows, externals: Rows, sides: Sides) -> pa.Table:
    """Test each label and each identity of an audited set that has enough images; the lowest p-value comes first.

    Args:
        images: N rows from `described`, of the audited images.
        externals: M rows from `described`, of the held-out externals.
        sides: The scores, of the same images.
    """
    found: list[GroupFinding] = []
    for kind, compare in (("label", by_label), ("identity", by_identity)):
        own, other = ([row.get(kind) for row in rows] for rows in (images, externals))
        found += compare(own, sides.audited, other, sides.externals, AUDITOR)
    table = pa.Table.from_pylist([asdict(row) for row in found], GROUPS_SCHEMA)
    return table.sort_by([("p_value", "ascending"), ("group", "ascending")])


def _column(images: Rows, name: str) -> pa.Array:
    return pa.array([row.get(name) for row in images], pa.string())
