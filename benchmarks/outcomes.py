"""What became of the benchmarks of a full run, and the file that keeps it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.comparison import Change
from benchmarks.measurement import Measured, read_rows
from mintcore.errors import MintError
from mintcore.home_files import write_json

MEASURED, SKIPPED, FAILED = "measured", "skipped", "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one benchmark.

    Attributes:
        name: Its name.
        state: ``MEASURED``, ``SKIPPED`` or ``FAILED``.
        seconds: How long it took.
        settings: The options that decide about its figures.
        noise: By what share a ratio of it differs from run to run.
        smaller: What of it was smaller than usual.
        sizes: How much was measured, in words.
        why: Why it was skipped or failed.
        rows: What it measured.
    """

    name: str
    state: str
    seconds: float
    settings: tuple[str, ...]
    noise: float
    smaller: str = ""
    sizes: str = ""
    why: str = ""
    rows: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class FullRun:
    """A full run.

    Attributes:
        machine: Where, in words.
        load: Average load of the machine in the minute before it began, and in the one before it ended.
        others: Processors that others kept busy meanwhile, on average.
        outcomes: What became of each benchmark.
    """

    machine: str
    load: tuple[float, float]
    others: float
    outcomes: tuple[Outcome, ...]

    def count(self, state: str) -> int:
        """Count the benchmarks in a state."""
        return sum(outcome.state == state for outcome in self.outcomes)

    def rows(self) -> Iterator[tuple[Outcome, Measured]]:
        """Give the lines in which more than a figure stands."""
        for outcome in self.outcomes:
            yield from ((outcome, row) for row in outcome.rows if row.is_judged)

    def changes(self, earlier: "FullRun | None") -> Mapping[tuple[str, str], Change]:
        """Compare the ratios with those of an earlier run, where benchmarks had the same settings.

        Returns:
            Name of a benchmark and what it measured -> the change.
        """
        before = earlier.ratios() if earlier else {}
        return {
            (outcome.name, row.what): Change(before[key], row.ratio, outcome.noise)
            for outcome, row in self.rows()
            if row.ratio is not None and (key := _key(outcome, row)) in before
        }

    def ratios(self) -> dict[tuple[object, ...], float]:
        """Give the ratios by what was measured and how."""
        return {_key(outcome, row): row.ratio for outcome, row in self.rows() if row.ratio}


def _key(outcome: Outcome, row: Measured) -> tuple[object, ...]:
    return outcome.name, outcome.settings, row.what


def write_run(file: Path, run: FullRun) -> None:
    """Write a full run to a file."""
    write_json(file, asdict(run))


def read_run(file: Path) -> FullRun:
    """Read what ``write_run`` wrote.

    Raises:
        MintError: The file is not there, or is none of a full run.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        outcomes = tuple(_outcome(each) for each in content["outcomes"])
        return FullRun(**{**content, "load": tuple(content["load"]), "outcomes": outcomes})
    except OSError as error:
        raise MintError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MintError(
            f"{file} does not hold a full run: give a file that python -m benchmarks --json wrote."
        ) from error


def _outcome(content: Mapping[str, Any]) -> Outcome:
    rows = tuple(read_rows(content))
    return Outcome(**{**content, "rows": rows, "settings": tuple(content["settings"])})
