"""The tables of protocols that were run. Needs no torch."""

import json

from mintcore.protocols.tables import Row
from store.artefacts import Card, Home

TABLE, CSV, CHART = "table.json", "table.csv", "chart.svg"


def newest_protocols(home: Home) -> list[Card]:
    """Give the newest card of each protocol, P1 first."""
    newest = {card["protocol"]: card for card in home.cards("protocols")}
    return [newest[name] for name in sorted(newest)]


def protocol_rows(home: Home, artefact_id: str) -> list[Row]:
    """Read the table of a protocol."""
    file = home.folder("protocols", artefact_id) / TABLE
    rows: list[Row] = json.loads(file.read_text(encoding="utf-8"))
    return rows
