"""What a person waits for: one figure for each page and choice, as a table, and the slowest of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.markdown import markdown_table
from benchmarks.measurement import Measured

SWITCH, REDRAW = "switch of page", "redraw"
FIRST, MEDIAN, SLOWEST = WHICH = ("first", "again, median", "again, slowest")


@dataclass(frozen=True)
class Wait:
    """How long a person waits for one thing.

    Attributes:
        kind: ``SWITCH`` or ``REDRAW``.
        what: For what.
        which: One of ``WHICH``.
        milliseconds: How long.
        at_most: How long it should be, or less.
    """

    kind: str
    what: str
    which: str
    milliseconds: float
    at_most: float

    @property
    def is_missed(self) -> bool:
        """Whether it is longer than it should be."""
        return self.milliseconds > self.at_most


def summary(waits: Sequence[Wait]) -> list[Measured]:
    """Give the slowest of each kind."""
    rows = []
    for kind, which in dict.fromkeys((wait.kind, wait.which) for wait in waits):
        alike = [wait for wait in waits if (wait.kind, wait.which) == (kind, which)]
        slowest = max(alike, key=lambda wait: wait.milliseconds / wait.at_most)
        rows.append(
            Measured(
                f"{kind}, {which}: slowest of {len(alike)}",
                slowest.milliseconds,
                "ms",
                note=slowest.what,
                at_most=slowest.at_most,
            )
        )
    return rows


def table(waits: Sequence[Wait]) -> str:
    """Write the waits as a Markdown table with a row for each page and choice."""
    things: dict[str, dict[str, Wait]] = {}
    for wait in waits:
        things.setdefault(wait.what, {})[wait.which] = wait
    columns = {"what": list(things)}
    for which in WHICH:
        columns[which] = [_figure(thing.get(which)) for thing in things.values()]
    columns["at most"] = [f"{_any(thing).at_most:,.0f} ms" for thing in things.values()]
    columns["missed"] = [_missed(thing) for thing in things.values()]
    return markdown_table(columns, left=("what", "missed"))


def _figure(wait: Wait | None) -> str:
    return "" if wait is None else f"{wait.milliseconds:,.0f} ms"


def _any(thing: dict[str, Wait]) -> Wait:
    return next(iter(thing.values()))


def _missed(thing: dict[str, Wait]) -> str:
    return ", ".join(which for which, wait in thing.items() if wait.is_missed)
