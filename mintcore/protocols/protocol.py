"""A protocol: what it asks, its fixed definition, and how it is run and published."""

import csv
import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from mintcore.interval_chart import Mark, draw
from mintcore.protocols.bench import Bench
from mintcore.protocols.reading import CHART, CSV, TABLE
from mintcore.protocols.tables import COLUMNS, Row
from mintcore.trail import traced
from mintcore.versions import versions
from store.artefacts import Card, write_card


@dataclass(frozen=True)
class Outcome:
    """What a protocol found.

    Attributes:
        rows: Its table.
        sentences: What follows from the table, in words.
        marks: What the chart shows.
        failures: What is not as it must be, a sentence each: the product would not be honest.
    """

    rows: list[Row]
    sentences: list[str]
    marks: list[Mark]
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Protocol:
    """One experiment of the evaluation.

    Attributes:
        name: "P1" to "P4".
        title: A few words.
        question: What it asks, one sentence.
        files: Files of the data folder that it needs.
        definition: Its sizes and settings, a dataclass: they are part of what it is.
        run: Does what is missing, and gives what was found.
    """

    name: str
    title: str
    question: str
    files: Sequence[str]
    definition: Any
    run: Callable[[Bench, Any], Outcome]


def perform(bench: Bench, protocol: Protocol) -> Card:
    """Run a protocol, or what is missing of it, and publish its table.

    Every step is an artefact of the home folder, so a run that was killed goes on where it was.

    Args:
        bench: Where.
        protocol: Which.

    Returns:
        The card; the existing one where the same artefacts gave the same table before.

    Raises:
        MintError: A file of the data folder is missing, or a step fails.
    """
    for name in protocol.files:
        bench.data.file(name)
    return _publish(bench, protocol, protocol.run(bench, protocol.definition))


def _publish(bench: Bench, protocol: Protocol, outcome: Outcome) -> Card:
    definition = asdict(protocol.definition)
    made_from = sorted({str(line["artefact"]) for line in outcome.rows if line["artefact"]})
    artefact_id = f"{protocol.name}-{_digest(definition, outcome)}"
    if not bench.home.has("protocols", artefact_id):
        with bench.home.publishing("protocols", artefact_id) as folder:
            _write_tables(folder, outcome)
            (folder / CHART).write_text(draw(outcome.marks, _heading(protocol)), encoding="utf-8")
            fields = {
                "protocol": protocol.name,
                "title": protocol.title,
                "question": protocol.question,
                "definition": definition,
                "made_from": made_from,
                "sentences": outcome.sentences,
                "failures": outcome.failures,
                "machine": machine(),
                "versions": versions(),
            }
            write_card(folder, "protocols", artefact_id, **traced(bench.home, "protocols", fields))
    return bench.home.card("protocols", artefact_id)


def _heading(protocol: Protocol) -> str:
    return f"{protocol.title}: AUC with 95% intervals"


def machine() -> dict[str, Any]:
    """Say what a protocol was run on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
    }


def _write_tables(folder: Path, outcome: Outcome) -> None:
    (folder / TABLE).write_text(json.dumps(outcome.rows, indent=2, ensure_ascii=False) + "\n")
    with (folder / CSV).open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(outcome.rows)


def _digest(definition: dict[str, Any], outcome: Outcome) -> str:
    content = [definition, outcome.rows, outcome.sentences, outcome.failures]
    encoded = json.dumps(content, sort_keys=True).encode()
    return hashlib.blake2b(encoded, digest_size=5).hexdigest()
