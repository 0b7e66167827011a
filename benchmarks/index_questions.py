"""What is asked of a large store's index, each question in a process of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.index_contents import DATASETS, SPEC, dataset_rows, label, sample_ids
from benchmarks.measurement import peak_bytes
from store.feature_store import FeatureStore, open_store
from store.query import Column, Query

REPEATS = 5
PAGE_ROWS = 100
DATASET = DATASETS[2]


@dataclass(frozen=True)
class Question:
    """Something that is asked of a store, and how soon the answer should be there.

    Args:
        what: What is asked, in words.
        ask: Asks it.
        aim_ms: Milliseconds until the answer, the first time in a process and later.
        unsealed: Whether it is also asked before the store is sealed.
    """

    what: str
    ask: Callable[[FeatureStore], object]
    aim_ms: float | None = None
    unsealed: bool = False


@dataclass(frozen=True)
class Answer:
    """What asking a question took, in a process of its own.

    Args:
        open_ms: ``open_store`` and the first look at what is committed.
        first_ms: The question, asked for the first time.
        again_ms: The fastest of the repeats.
        peak_bytes: The most memory that the process had, with all that it imports.
    """

    open_ms: float
    first_ms: float
    again_ms: float
    peak_bytes: int


def questions(rows: int, block_rows: int) -> list[Question]:
    """Give the questions for a synthetic store of so many rows."""
    some_ids = sample_ids(0, min(rows, block_rows))[:10_000].to_pylist()
    one = some_ids[len(some_ids) // 2]
    one_label = Query(dataset=DATASET, label=label(7), limit=PAGE_ROWS)
    first_row, stop_row = dataset_rows(rows, DATASET)
    offset = min(999 * PAGE_ROWS, stop_row - first_row - PAGE_ROWS)
    far = Query(dataset=DATASET, limit=PAGE_ROWS, offset=offset)
    with_array = Query(dataset=DATASET, array=SPEC.key, limit=PAGE_ROWS)
    several = Query(sample_ids=tuple(some_ids))
    groups: list[Column] = ["dataset", "membership"]
    return [
        Question("one image by id, its row", lambda s: s.locate(SPEC.key, [one]), 20, True),
        Question("one image by id, all of it", lambda s: s.select(Query(sample_ids=(one,))), 20),
        Question("10,000 images by id, their rows", lambda s: s.locate(SPEC.key, some_ids)),
        Question("10,000 images by id, all of them", lambda s: s.select(several)),
        Question("counts by dataset and membership", lambda s: s.count(groups), 500, True),
        Question("counts by label", lambda s: s.count(["label"])),
        Question("one dataset and label, first page", lambda s: s.select(one_label)),
        Question("one dataset, page 1,000", lambda s: s.select(far)),
        Question("a sample of 1,000", lambda s: s.select(Query(sample=1_000))),
        Question("one dataset, what an array has, first page", lambda s: s.select(with_array)),
        Question("info", lambda s: s.info(), None, True),
    ]


def answer(folder: Path, what: str, rows: int) -> Answer:
    """Open a store, and ask one question of it several times."""
    begun = time.perf_counter()
    store = open_store(folder)
    store.specs()
    opened = time.perf_counter()
    (question,) = [q for q in questions(rows, store.block_rows) if q.what == what]
    times = [_milliseconds(question.ask, store) for _ in range(1 + REPEATS)]
    return Answer((opened - begun) * 1e3, times[0], min(times[1:]), peak_bytes())


def seal(folder: Path) -> tuple[float, int]:
    """Seal a store; give the seconds and the most memory that it took."""
    store = open_store(folder)
    begun = time.perf_counter()
    store.seal()
    return time.perf_counter() - begun, peak_bytes()


def _milliseconds(ask: Callable[[FeatureStore], object], store: FeatureStore) -> float:
    begun = time.perf_counter()
    ask(store)
    return (time.perf_counter() - begun) * 1e3
