"""Running benchmarks one after the other, each in a process of its own."""

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.catalogue import Benchmark, Given
from benchmarks.measurement import machine, read_rows
from benchmarks.outcomes import FAILED, MEASURED, SKIPPED, FullRun, Outcome
from benchmarks.quietness import Quietness
from mintcore.jobs.children import end, start_module

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "zarr", "duckdb", "pyarrow", "streamlit")
ROOT = Path(__file__).parents[1]
_FIGURES, _OUTPUT = "figures.json", "output.txt"
_GRACE_S = 5.0
_LINE_END = "\n"
_LAST_LINES = 20

Told = Callable[[str], None]
"""Takes a line for the person who waits."""


def run_all(benchmarks: Sequence[Benchmark], given: Given, tell: Told) -> FullRun:
    """Run benchmarks, whatever becomes of each.

    Args:
        benchmarks: Which.
        given: What they are given.
        tell: Is told what begins and what came of it.
    """
    before, quietness = os.getloadavg()[0], Quietness()
    outcomes = []
    for number, benchmark in enumerate(benchmarks, start=1):
        tell(f"[{number}/{len(benchmarks)}] {benchmark.name} ...")
        outcome = run(benchmark, given)
        tell(_told(outcome))
        outcomes.append(outcome)
    load = (before, os.getloadavg()[0])
    return FullRun(machine(PACKAGES), load, quietness.others(), tuple(outcomes))


def run(benchmark: Benchmark, given: Given) -> Outcome:
    """Run one benchmark, if what it needs is there. Its temporary files are gone afterwards, however it ends."""
    lacking = benchmark.lacking(given)
    if lacking is not None:
        return _outcome(benchmark, given, SKIPPED, 0.0, why=lacking)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mint-benchmarks-") as place:
        folder = Path(place)
        code = _run_in(folder, benchmark.module, benchmark.command(given))
        found, said = _figures(folder / _FIGURES), _last_lines(folder / _OUTPUT)
    seconds = time.perf_counter() - begun
    if code == 0 and found is not None:
        return _outcome(benchmark, given, MEASURED, seconds, **found)
    left = "" if found else " without figures"
    why = f"It ended with code {code}{left} and these words:\n{said}"
    return _outcome(benchmark, given, FAILED, seconds, why=why)


def _run_in(folder: Path, module: str, options: Sequence[str]) -> int:
    """Run a module with a folder for its figures, its output and its temporary files; give its exit code."""
    command = [*options, "--json", str(folder / _FIGURES)]
    with (folder / _OUTPUT).open("wb") as output:
        process = start_module(module, *command, output=output, cwd=ROOT, TMPDIR=str(folder))
        try:
            return process.wait()
        finally:
            below = _below(process.pid)
            end(process, _GRACE_S)
            _end_all(below)


def _below(pid: int) -> list[psutil.Process]:
    """Give the processes below one, those in groups of their own, too: browsers, servers."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(psutil.Process(pid).children(recursive=True))
    return []


def _end_all(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, _GRACE_S)


def _figures(file: Path) -> dict[str, Any] | None:
    """Read what a benchmark measured, and how much; None where it left nothing of that form."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {"rows": tuple(read_rows(content)), "sizes": str(content["sizes"])}
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _last_lines(file: Path) -> str:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LAST_LINES:])


def _outcome(
    benchmark: Benchmark, given: Given, state: str, seconds: float, **found: Any
) -> Outcome:
    return Outcome(
        name=benchmark.name,
        state=state,
        seconds=seconds,
        settings=tuple(benchmark.settings(given)),
        noise=benchmark.noise,
        smaller=benchmark.smaller,
        **found,
    )


def _told(outcome: Outcome) -> str:
    if outcome.state == MEASURED:
        return f"    {outcome.seconds:.0f} s, figures: {len(outcome.rows)}"
    return f"    {outcome.state}: {outcome.why.partition(_LINE_END)[0]}"
