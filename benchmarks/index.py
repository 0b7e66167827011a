"""The index of a large store: building, sealing and asking it, without any activations.

    python -m benchmarks.index [--rows N] [--folder FOLDER] [--json FILE]

Each question is asked in a process of its own, which has imported everything before: the first time,
and then the best of five. The files are in the page cache. Linux only.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.index_contents import create_synthetic_store
from benchmarks.index_questions import Answer, Question, answer, questions, seal
from benchmarks.measurement import machine
from store.sealed import current_index

OPENING_MS = 100.0
BYTES_A_ROW = 60.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Line:
    """One line of the table; ``met`` is None where there is no aim."""

    what: str
    figure: float
    unit: str
    aim: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the figure is at most what was aimed at."""
        return None if self.aim is None else self.figure <= self.aim


def main() -> None:
    """Run the benchmark as a command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index", description=__doc__)
    parser.add_argument("--rows", type=int, default=22_000_000, help="images in the store")
    parser.add_argument("--folder", type=Path, help="where the store is made, and removed after")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    on = machine(["duckdb", "pyarrow"])
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        lines = list(measure(Path(folder), options.rows))
    print(f"{options.rows:,} images; {on}\n\n{table(lines)}")
    if options.json:
        figures = [asdict(line) | {"met": line.met} for line in lines]
        content = {"machine": on, "rows": options.rows, "lines": figures}
        options.json.write_text(json.dumps(content, indent=1))


def measure(folder: Path, rows: int) -> Iterator[Line]:
    """Build the index of a store, and measure it."""
    begun = time.perf_counter()
    store = create_synthetic_store(folder, rows)
    yield Line("building segments and listings", time.perf_counter() - begun, "s")
    asked = questions(rows, store.block_rows)
    for question in asked:
        if question.unsealed:
            found = _in_new_process(answer, store.folder, question.what, rows)
            yield from _times(f"not sealed: {question.what}", found, None)
    seal_s, seal_bytes = _in_new_process(seal, store.folder)
    yield Line("sealing", seal_s, "s")
    yield Line("sealing, peak memory", seal_bytes / 2**20, "MiB")
    yield from _sizes(store.folder, rows)
    yield from _sealed(store.folder, rows, asked)


def table(lines: list[Line]) -> str:
    """Write the lines as a Markdown table."""
    rows = ["| what | figure | aim | |", "| --- | ---: | ---: | --- |"]
    for line in lines:
        aim = "" if line.aim is None else f"at most {line.aim:,g}"
        missed = "missed" if line.met is False else ""
        rows.append(f"| {line.what} | {line.figure:,.1f} {line.unit} | {aim} | {missed} |")
    return "\n".join(rows)


def _sealed(folder: Path, rows: int, asked: list[Question]) -> Iterator[Line]:
    answers = [_in_new_process(answer, folder, question.what, rows) for question in asked]
    yield Line(
        f"opening, slowest of {len(answers)}", max(a.open_ms for a in answers), "ms", OPENING_MS
    )
    for question, found in zip(asked, answers, strict=True):
        yield from _times(question.what, found, question.aim_ms)


def _times(what: str, found: Answer, aim_ms: float | None) -> Iterator[Line]:
    yield Line(f"{what}: first", found.first_ms, "ms", aim_ms)
    yield Line(f"{what}: again", found.again_ms, "ms", aim_ms)
    yield Line(f"{what}: peak memory", found.peak_bytes / 2**20, "MiB")


def _sizes(folder: Path, rows: int) -> Iterator[Line]:
    sealed = current_index(folder)
    if sealed is None:
        raise RuntimeError(f"{folder} was not sealed")
    yield Line("size of the sealed index", sealed.stat().st_size / rows, "B/row", BYTES_A_ROW)
    for what, pattern in (("segments", "part-*"), ("listings", "dataset-*")):
        size = sum(file.stat().st_size for file in (folder / "index").glob(pattern))
        yield Line(f"size of the {what}", size / rows, "B/row")


def _in_new_process(work: Callable[..., Result], *given: object) -> Result:
    """Call a function in a process that has imported everything, and done nothing yet."""
    processes = multiprocessing.get_context("forkserver")
    # pyarrow and DuckDB import the other two when they first need them
    late = ["pandas", "pyarrow.dataset"]
    processes.set_forkserver_preload(["benchmarks.index_questions", *late])
    with ProcessPoolExecutor(1, mp_context=processes) as process:
        return process.submit(work, *given).result()


if __name__ == "__main__":
    main()
