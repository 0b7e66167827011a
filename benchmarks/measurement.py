"""What the benchmarks share: timing in turns, lines of one form, one table, the machine, memory."""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmarks.markdown import markdown_table


@dataclass(frozen=True)
class Measured:
    """One line: what was measured, and how it should be.

    Attributes:
        what: What was measured.
        value: The figure, in ``unit``; None where it could not be measured.
        unit: Unit of the figure.
        ratio: How good the figure is beside what it is compared with: 2 is twice as good.
        aim: What the ratio should be, or more.
        note: What else there is to say, or why there is no figure.
        beside: What it is compared with.
        at_most: What the figure itself should be, or less.
    """

    what: str
    value: float | None
    unit: str = "MB/s"
    ratio: float | None = None
    aim: float | None = None
    note: str = ""
    beside: str = ""
    at_most: float | None = None

    @property
    def is_reached(self) -> bool | None:
        """Whether it is as it should be; None where nothing was aimed at or measured."""
        if self.aim is not None and self.ratio is not None:
            return self.ratio >= self.aim
        if self.at_most is not None and self.value is not None:
            return self.value <= self.at_most
        return None

    @property
    def is_judged(self) -> bool:
        """Whether there is more to it than a figure: a ratio or an aim."""
        return any(each is not None for each in (self.ratio, self.aim, self.at_most))

    @property
    def figure(self) -> str:
        """The figure with its unit, for people."""
        return "" if self.value is None else written(self.value, self.unit)

    @property
    def aimed_at(self) -> str:
        """The aim, for people."""
        if self.at_most is not None:
            return f"at most {written(self.at_most, self.unit)}"
        return _two_decimals(self.aim)

    @property
    def reached(self) -> str:
        """Whether the aim is reached, for people."""
        return {True: "yes", False: "no", None: ""}[self.is_reached]

    @property
    def ratio_written(self) -> str:
        """The ratio, for people."""
        return _two_decimals(self.ratio)


def written(value: float, unit: str) -> str:
    """Write a figure for people: whole from 100 on, else with three digits."""
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number}{unit}" if unit == "%" else f"{number} {unit}".rstrip()


def best_seconds(actions: Mapping[str, Callable[[], None]], repeats: int) -> dict[str, float]:
    """Time actions in turns, so that a busy moment of the machine meets all of them; keep the best."""
    best = dict.fromkeys(actions, float("inf"))
    for _ in range(repeats):
        for name, action in actions.items():
            begun = time.perf_counter()
            action()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best


def peak_growth_bytes(action: Callable[[], None]) -> int:
    """Give how far an action raises this process's resident memory at most. Linux only."""
    Path("/proc/self/clear_refs").write_text("5")  # begin the peak anew
    before = int(psutil.Process().memory_info().rss)
    action()
    return peak_bytes() - before


def peak_bytes() -> int:
    """Give the most memory that this process had (``ru_maxrss`` would count its parent's). Linux only."""
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(peak) * 1024


def machine(packages: Sequence[str]) -> str:
    """Describe the machine and the versions in one line."""
    memory_gib = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, {versions}"
    )


def table(rows: Sequence[Measured]) -> str:
    """Write the rows as a Markdown table."""
    columns = {
        "what": [row.what for row in rows],
        "figure": [row.figure for row in rows],
        "beside it": [row.beside for row in rows],
        "ratio": [row.ratio_written for row in rows],
        "aim": [row.aimed_at for row in rows],
        "reached": [row.reached for row in rows],
        "note": [row.note for row in rows],
    }
    return markdown_table(columns, left=("what", "beside it", "reached", "note"))


def write_json(
    file: Path, on: str, rows: Sequence[Measured], sizes: str = "", **details: object
) -> None:
    """Write what was measured to a file.

    Args:
        file: The file.
        on: The machine.
        rows: The lines that all benchmarks have.
        sizes: How much was measured, in words.
        **details: What only this benchmark has.
    """
    content = {"machine": on, "sizes": sizes, "rows": [asdict(row) for row in rows], **details}
    file.write_text(json.dumps(content, indent=1))


def read_rows(content: Mapping[str, object]) -> list[Measured]:
    """Give the lines of what ``write_json`` wrote."""
    return [Measured(**row) for row in content["rows"]]  # type: ignore[attr-defined]


def _two_decimals(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(absent)"
