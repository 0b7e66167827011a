"""What the benchmarks share: timing in turns, one table, the machine, memory."""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Measured:
    """One row of a table.

    Attributes:
        what: What was measured.
        value: The figure, in ``unit``; None where it could not be measured.
        unit: Unit of the figure.
        ratio: The figure over that of the row it is compared with.
        aim: What the ratio should be, or more.
        note: What it is compared with, or why there is no figure.
    """

    what: str
    value: float | None
    unit: str = "MB/s"
    ratio: float | None = None
    aim: float | None = None
    note: str = ""


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
    lines = ["| what | figure | ratio | aim | note |", "| --- | ---: | ---: | ---: | --- |"]
    for row in rows:
        value = "" if row.value is None else f"{row.value:,.0f} {row.unit}"
        ratio, aim = (f"{x:.2f}" if x is not None else "" for x in (row.ratio, row.aim))
        lines.append(f"| {row.what} | {value} | {ratio} | {aim} | {row.note} |")
    return "\n".join(lines)


def write_json(file: Path, on: str, rows: Sequence[Measured]) -> None:
    """Write the machine and the rows to a file."""
    file.write_text(json.dumps({"machine": on, "rows": [asdict(row) for row in rows]}, indent=1))


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
