"""What a report says, before it takes a form: the same in every format."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from mintcore.interval_chart import Mark

REPORT_FORMAT = 1


@dataclass(frozen=True)
class Figure:
    """One figure of the evidence.

    Attributes:
        name: What it is.
        said: As people read it, with its interval.
        value: As a number, where it is one.
        interval: Its 95% interval, where it has one.
    """

    name: str
    said: str
    value: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Table:
    """A table of the evidence, its cells as people read them.

    Attributes:
        title: What it is.
        note: How it is to be read.
        columns: Headings.
        rows: Those that are shown.
        total: How many there are.
        words: How many columns, from the left, hold words; the others hold figures.
    """

    title: str
    note: str
    columns: list[str]
    rows: list[list[str]]
    total: int
    words: int = 1


@dataclass(frozen=True)
class Distributions:
    """How the scores of groups are spread, on one scale.

    Attributes:
        title: What it is.
        note: How it is to be read.
        groups: ``name``, ``colour``, ``n``, and ``edges`` (B + 1) and ``shares`` (B) of a histogram.
        marked: Scores of single images -> their names.
    """

    title: str
    note: str
    groups: list[dict[str, Any]]
    marked: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Curves:
    """ROC curves.

    Attributes:
        title: What it is.
        note: How it is to be read.
        curves: ``name``, ``colour``, ``auc`` and ``points`` ([FPR, TPR], ascending) of each.
    """

    title: str
    note: str
    curves: list[dict[str, Any]]


@dataclass(frozen=True)
class Intervals:
    """AUCs with their intervals, a line each.

    Attributes:
        title: What it is.
        note: How it is to be read.
        marks: The figures.
    """

    title: str
    note: str
    marks: list[Mark]


@dataclass(frozen=True)
class Picture:
    """A chart that was drawn before.

    Attributes:
        title: What it is.
        note: How it is to be read.
        svg: An SVG document, which is shown as an image: nothing in it is run.
    """

    title: str
    note: str
    svg: str


Chart = Distributions | Curves | Intervals | Picture


@dataclass(frozen=True)
class Report:
    """One question, its answer, the evidence, what it does not prove, and how it was made.

    Attributes:
        kind: "audit of a dataset", "audit of an image", "sweep" or "protocol".
        subject: Id of the audit or protocol, or the name of the sweep.
        created: When the newest of what it tells of was made, ISO 8601.
        question: What was asked.
        answer: One sentence, with its wording tier.
        tier: The wording tier; None for a protocol, which has one for each line of its table.
        meaning: What the answer means and does not mean.
        findings: What else was found, in words.
        remarks: What must be known to read it.
        figures: The evidence in figures.
        charts: The evidence in pictures.
        tables: The evidence line by line.
        limits: What it does not prove.
        making: How it was made: a heading -> facts, each a name and what holds.
        trail: Artefacts on the way back to the images: kind, id, digest, fingerprint, state.
        glossary: Term -> what it means.
        data: What the sentences and charts were written from, as the cards have it.
        format: Version of this form.
    """

    kind: str
    subject: str
    created: str
    question: str
    answer: str
    tier: str | None
    meaning: str
    findings: list[str]
    remarks: list[str]
    figures: list[Figure]
    charts: list[Chart]
    tables: list[Table]
    limits: list[str]
    making: dict[str, dict[str, str]]
    trail: list[dict[str, Any]]
    glossary: dict[str, str]
    data: dict[str, Any]
    format: int = REPORT_FORMAT

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values; a figure that is not finite has none, and becomes None."""
        written = json.dumps(asdict(self))
        values: dict[str, Any] = json.loads(written, parse_constant=lambda _: None)
        return values

    @cached_property
    def content_hash(self) -> str:
        """The name of its content, by ``content_hash``, worked out once."""
        return content_hash(self.to_json())


def content_hash(report: dict[str, Any]) -> str:
    """Name the content of a report, whatever form it takes.

    Args:
        report: From ``Report.to_json``.

    Returns:
        SHA-256 over its JSON with sorted keys and no spaces, in UTF-8; 64 hexadecimal digits.
    """
    canonical = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
