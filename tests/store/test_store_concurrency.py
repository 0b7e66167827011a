"""Several writers and readers at once, in processes and in threads."""

import multiprocessing
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from store.feature_store import FeatureStore, create_store, open_store
from store.layout import ArraySpec
from store.leases import leases
from store.query import Query
from store.verification import verify

POOLED = ArraySpec("layer1", "pooled", (16,), "float32")
MAP = ArraySpec("layer1", "map", (2, 2, 2))
SPECS = [POOLED, MAP]
BATCH = 100
BATCHES = 8
IDS = [f"{number:032x}" for number in range(2 * BATCHES * BATCH)]

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pandas", "store.verification"])


def values(spec: ArraySpec, numbers: Sequence[int]) -> np.ndarray:
    """Give what every run computes for an image, whichever computes it."""
    column = np.array(numbers, np.float32).reshape(-1, *[1] * len(spec.shape))
    return (column + np.zeros(spec.shape)).astype(spec.dtype)


def commit(writer: Any, numbers: Sequence[int]) -> None:
    ids = [IDS[number] for number in numbers]
    writer.commit(ids, {spec.key: values(spec, numbers) for spec in SPECS})


def check(store: FeatureStore) -> int:
    """Make sure that all that is there is right; give how many images are."""
    count = 0
    for spec in SPECS:
        rows = store.locate(spec.key, IDS)
        there = np.flatnonzero(rows >= 0)
        if len(there):
            np.testing.assert_array_equal(store.read(spec.key, rows[there]), values(spec, there))
        count = len(there)
    return count


def write(folder: Path, start: int, stop: int) -> None:
    with open_store(folder).writer(SPECS, stop - start) as writer:
        for first in range(start, stop, BATCH):
            commit(writer, range(first, first + BATCH))


def read_until(folder: Path, end: Any) -> None:
    store = open_store(folder)
    seen = [0]
    while not end.is_set() or len(seen) < 3:
        seen.append(check(store))
        info = store.info()
        assert info["images"] >= seen[-1]
        assert info["rows"] >= info["images"]
    assert seen == sorted(seen)


def tell(errors: Any, work: Callable[..., None], *given: Any) -> None:
    try:
        work(*given)
    except BaseException:
        errors.put(traceback.format_exc())
        raise


def run_beside_readers(folder: Path, writers: list[tuple[Any, ...]]) -> None:
    """Run writing processes, each (function, arguments), beside three reading ones."""
    end, errors = processes.Event(), processes.Queue()
    reading = [
        processes.Process(target=tell, args=(errors, read_until, folder, end)) for _ in range(3)
    ]
    writing = [processes.Process(target=tell, args=(errors, *job)) for job in writers]
    for child in [*reading, *writing]:
        child.start()
    for child in writing:
        child.join(120)
    end.set()
    for child in reading:
        child.join(120)
    told = [errors.get() for child in [*reading, *writing] if child.exitcode]
    assert told == []


def check_blocks(store: FeatureStore, blocks: int) -> None:
    """Make sure that the blocks are disjoint and without gaps, and that nothing is left over."""
    segments = store._footers.snapshot().segments
    assert [segment.block for segment in segments] == list(range(blocks))
    assert [segment.first_row for segment in segments] == [
        n * store.block_rows for n in range(blocks)
    ]
    assert leases(store.folder) == []
    assert verify(store).problems == ()


def test_processes__two_write_different_images_while_three_read(store: FeatureStore) -> None:
    half = BATCHES * BATCH
    run_beside_readers(
        store.folder, [(write, store.folder, 0, half), (write, store.folder, half, 2 * half)]
    )

    assert check(store) == len(IDS)
    check_blocks(store, 2 * BATCHES)


def test_processes__two_write_the_same_images_while_three_read(store: FeatureStore) -> None:
    half = BATCHES * BATCH
    run_beside_readers(store.folder, [(write, store.folder, 0, half)] * 2)

    assert check(store) == half
    assert store.info()["rows"] == 2 * half
    check_blocks(store, 2 * BATCHES)


def seal_often(folder: Path, times: int) -> None:
    store = open_store(folder)
    for _ in range(times):
        store.seal()


def test_processes__one_seals_while_one_writes_and_three_read(store: FeatureStore) -> None:
    half = BATCHES * BATCH
    run_beside_readers(
        store.folder, [(write, store.folder, 0, half), (seal_often, store.folder, BATCHES)]
    )
    store.seal()

    assert check(store) == check(open_store(store.folder)) == half
    check_blocks(store, BATCHES)


def run_threads(work: Callable[[int], None], count: int = 4) -> None:
    errors: list[str] = []

    def caught(number: int) -> None:
        try:
            work(number)
        except BaseException:
            errors.append(traceback.format_exc())

    threads = [threading.Thread(target=caught, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def numbers_of(thread: int) -> list[range]:
    first = thread * 4 * BATCH
    return [range(start, start + BATCH) for start in range(first, first + 4 * BATCH, BATCH)]


def test_threads__four_commit_through_one_writer(store: FeatureStore) -> None:
    with store.writer(SPECS, 1) as writer:

        def work(thread: int) -> None:
            for numbers in numbers_of(thread):
                commit(writer, numbers)

        run_threads(work)

    assert check(store) == len(IDS)
    check_blocks(store, 16)


def test_threads__four_commit_through_writers_of_their_own(store: FeatureStore) -> None:
    def work(thread: int) -> None:
        for numbers in numbers_of(thread):
            with store.writer(SPECS, 1) as writer:
                commit(writer, numbers)

    run_threads(work)

    assert check(store) == len(IDS)
    check_blocks(store, 16)


def test_threads__write_read_ask_and_seal_through_one_store(store: FeatureStore) -> None:
    def work(thread: int) -> None:
        for numbers in numbers_of(thread):
            if thread == 0:
                store.seal()
            elif thread == 1:
                assert store.select(Query()).num_rows == 0
                check(store)
            else:
                with store.writer(SPECS, 1) as writer:
                    commit(writer, numbers)

    run_threads(work)

    assert check(store) == len(IDS) // 2
    check_blocks(store, 8)


def test_threads__four_create_the_same_store(home: Any) -> None:
    folders: list[Path] = []

    def work(_: int) -> None:
        folders.append(create_store(home, "same", expected_rows=0).folder)

    run_threads(work)

    assert set(folders) == {home.folder("stores", "same")}
    assert check(open_store(folders[0])) == 0
