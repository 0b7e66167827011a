"""The tables of a dataset audit, as they lie beside its card. Needs no torch."""

from dataclasses import dataclass

import pyarrow as pa

from mintcore.library import audit_compared, audit_groups, audit_scores
from store.artefacts import Home


@dataclass(frozen=True)
class AuditTables:
    """What a dataset audit keeps beside its card.

    Attributes:
        images: From ``mintcore.audit_tables.image_table``.
        groups: From ``mintcore.audit_tables.group_table``.
        compared: The held-out images: sample_id, is_member, score.
    """

    images: pa.Table
    groups: pa.Table
    compared: pa.Table


def audit_tables(home: Home, audit: str) -> AuditTables:
    """Read the tables of a dataset audit."""
    return AuditTables(
        images=audit_scores(home, audit),
        groups=audit_groups(home, audit),
        compared=audit_compared(home, audit),
    )
