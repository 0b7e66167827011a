"""The report of a protocol."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mintcore.protocols.reading import CHART, protocol_rows
from mintcore.protocols.results import defined, shown
from mintcore.protocols.tables import AUDITOR
from mintcore.reports import making
from mintcore.reports.answers import protocol_answer
from mintcore.reports.content import Picture, Report, Table
from mintcore.reports.earlier import complete
from mintcore.reports.glossary import TERMS, TIERS
from mintcore.reports.limits import ALWAYS, OF_SEVERAL
from mintcore.trail import trail_of
from store.artefacts import Card, Home


@complete
def protocol_report(home: Home, card: Card) -> Report:
    """Report on a protocol.

    Args:
        home: The home folder.
        card: The protocol's card.
    """
    rows = protocol_rows(home, card["id"])
    tiers = Counter(row["tier"] for row in rows if row["role"] == AUDITOR)
    return Report(
        kind="protocol",
        subject=card["id"],
        created=card["created"],
        question=card["question"],
        answer=protocol_answer(card, tiers),
        tier=None,
        meaning=f"{card['protocol']}, {card['title']}: an experiment with a fixed definition, so that it can be made "
        "again and compared.",
        findings=card["sentences"],
        remarks=card["failures"],
        figures=[],
        charts=[_chart(home, card)],
        tables=[_table(rows)],
        limits=[*ALWAYS, *OF_SEVERAL],
        making={
            "This protocol": making.protocol_facts(card),
            "Its definition": dict(line.split(": ", 1) for line in defined(card)),
        },
        trail=[link.to_json() for link in trail_of(home, [card])],
        glossary=TERMS | TIERS,
        data={"protocol": card, "rows": rows},
    )


def _chart(home: Home, card: Card) -> Picture:
    svg = (home.folder("protocols", card["id"]) / CHART).read_text(encoding="utf-8")
    note = "AUCs with their 95% intervals; the dashed line is chance."
    return Picture(card["title"], note, svg)


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    columns, lines = shown(rows)
    cells = [[line[key] for key in columns] for line in lines]
    note = "Figures of held-out images that nothing was fitted or chosen on."
    return Table("All lines", note, list(columns.values()), cells, len(cells), len(columns))
