"""The index of a large store: building, sealing and asking it, without any activations.

    python -m benchmarks.index [--rows N] [--folder FOLDER] [--json FILE]

Each question is asked in a process of its own, which has imported everything before: the first time,
and then the best of five. The files are in the page cache. Linux only.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from benchmarks.index_contents import create_synthetic_store
from benchmarks.index_questions import Answer, Question, answer, questions, seal
from benchmarks.measurement import Measured, machine, table, write_json
from store.sealed import current_index

OPENING_MS = 100.0
BYTES_A_ROW = 60.0

Result = TypeVar("Result")


def main() -> None:
    """Run the benchmark as a command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index", description=__doc__)
    parser.add_argument("--rows", type=int, default=22_000_000, help="images in the store")
    parser.add_argument("--folder", type=Path, help="where the store is made, and removed after")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    on = machine(["duckdb", "pyarrow"])
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rows = list(measure(Path(folder), options.rows))
    sizes = f"{options.rows:,} images"
    print(f"{sizes}; {on}\n\n{table(rows)}")
    if options.json:
        write_json(options.json, on, rows, sizes)


def measure(folder: Path, rows: int) -> Iterator[Measured]:
    """Build the index of a store, and measure it."""
    begun = time.perf_counter()
    store = create_synthetic_store(folder, rows)
    yield Measured("building segments and listings", time.perf_counter() - begun, "s")
    asked = questions(rows, store.block_rows)
    for question in asked:
        if question.unsealed:
            found = _in_new_process(answer, store.folder, question.what, rows)
            yield from _times(f"not sealed: {question.what}", found, None)
    seal_s, seal_bytes = _in_new_process(seal, store.folder)
    yield Measured("sealing", seal_s, "s")
    yield Measured("sealing, peak memory", seal_bytes / 2**20, "MiB")
    yield from _sizes(store.folder, rows)
    yield from _sealed(store.folder, rows, asked)


def _sealed(folder: Path, rows: int, asked: list[Question]) -> Iterator[Measured]:
    answers = [_in_new_process(answer, folder, question.what, rows) for question in asked]
    slowest = max(each.open_ms for each in answers)
    yield Measured(f"opening, slowest of {len(answers)}", slowest, "ms", at_most=OPENING_MS)
    for question, found in zip(asked, answers, strict=True):
        yield from _times(question.what, found, question.aim_ms)


def _times(what: str, found: Answer, aim_ms: float | None) -> Iterator[Measured]:
    yield Measured(f"{what}: first", found.first_ms, "ms", at_most=aim_ms)
    yield Measured(f"{what}: again", found.again_ms, "ms", at_most=aim_ms)
    yield Measured(f"{what}: peak memory", found.peak_bytes / 2**20, "MiB")


def _sizes(folder: Path, rows: int) -> Iterator[Measured]:
    sealed = current_index(folder)
    if sealed is None:
        raise RuntimeError(f"{folder} was not sealed")
    size = sealed.stat().st_size / rows
    yield Measured("size of the sealed index", size, "B/row", at_most=BYTES_A_ROW)
    for what, pattern in (("segments", "part-*"), ("listings", "dataset-*")):
        size = sum(file.stat().st_size for file in (folder / "index").glob(pattern))
        yield Measured(f"size of the {what}", size / rows, "B/row")


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
