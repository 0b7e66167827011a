"""What a report can be about, by its name: an audit, a sweep or a protocol."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from mintcore.audit_reading import audit_tables
from mintcore.errors import MintError
from mintcore.library import (
    artefact_versions,
    audit_groups,
    audit_scores,
    auditor_row,
    experiment_key,
)
from mintcore.protocols.reading import protocol_rows
from mintcore.reports.content import Report
from mintcore.reports.datasets import dataset_report
from mintcore.reports.images import image_report
from mintcore.reports.protocols import protocol_report
from mintcore.reports.sweeps import sweep_report, swept_together
from store.artefacts import Card, Home, Kind

_NAMED = 10
_INTERVAL = "_ci"


def report_of(home: Home, subject: str) -> Report:
    """Report on an audit, a sweep or a protocol.

    Args:
        home: The home folder.
        subject: Id of an audit or protocol, or the name of a sweep, as ``mint sweep`` prints it.

    Raises:
        MintError: There is nothing of that name; near names are suggested.
        StoreError: A card is damaged.
    """
    audit, protocol = _card(home, "audits", subject), _card(home, "protocols", subject)
    if audit is not None:
        if audit["audit_kind"] == "image":
            return image_report(home, audit)
        return dataset_report(home, audit, audit_tables(home, subject))
    if protocol is not None:
        return protocol_report(home, protocol)
    return sweep_report(home, _auditors(home, subject))


def spreadsheets_of(home: Home, subject: str) -> dict[str, pa.Table]:
    """Give the tables behind a report, whole.

    Args:
        home: The home folder.
        subject: As in ``report_of``.

    Returns:
        What follows the report's name in the name of each file -> the table: all images of an audited dataset, and its
        labels and identities; an image's finding; a sweep's auditors; a protocol's lines.

    Raises:
        MintError: There is nothing of that name; near names are suggested.
        StoreError: A card is damaged.
    """
    audit = _card(home, "audits", subject)
    if audit is not None and audit["audit_kind"] == "dataset":
        return {"": audit_scores(home, subject), "-groups": audit_groups(home, subject)}
    if audit is not None:
        return {"": _table([audit])}
    if _card(home, "protocols", subject) is not None:
        return {"": _table(protocol_rows(home, subject))}
    return {
        "": _table([auditor_row(card) for card in swept_together(home, _auditors(home, subject))])
    }


def _card(home: Home, kind: Kind, name: str) -> Card | None:
    return home.card(kind, name) if name in artefact_versions(home, kind) else None


def _auditors(home: Home, sweep: str) -> list[Card]:
    """Give the auditors of a sweep.

    Raises:
        MintError: There is nothing of that name.
    """
    cards = home.cards("auditors")
    found = [card for card in cards if experiment_key(card) == sweep]
    if not found:
        raise MintError(_unknown(home, cards, sweep))
    return found


def _unknown(home: Home, auditors: list[Card], subject: str) -> str:
    said = f"No audit, sweep or protocol is called {subject!r} in {home.path}."
    for card in auditors:
        if card["id"] == subject:
            return f"{said} It is an auditor; its sweep is {experiment_key(card)!r}."
    names = [
        *artefact_versions(home, "audits"),
        *artefact_versions(home, "protocols"),
        *dict.fromkeys(map(experiment_key, auditors)),
    ]
    near = difflib.get_close_matches(subject, names, n=3)
    if near:
        return f"{said} Did you mean {' or '.join(near)}?"
    there = f"There are: {', '.join(names[:_NAMED])}." if names else "There are none yet."
    return f"{said} {there}"


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([_flat(row) for row in rows])


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Spread intervals over two columns, and leave out what is itself a table."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith(_INTERVAL) and isinstance(value, list):
            flat |= {
                name.replace(_INTERVAL, "_low"): value[0],
                name.replace(_INTERVAL, "_high"): value[1],
            }
        elif not isinstance(value, list | dict):
            flat[name] = value
    return flat
