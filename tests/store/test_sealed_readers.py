"""Readers of a store that others seal: in the same process, in threads, in other processes."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from small_stores import IDS, A, answers, commit, list_dataset

from store.feature_store import FeatureStore, open_store
from store.sealed import current_index

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pandas", "store.feature_store"])


def test_reader__goes_on_with_the_old_index_and_then_sees_the_new_one(store: FeatureStore) -> None:
    commit(store, [1])
    store.seal()
    reader = open_store(store.folder)
    old = reader._footers.snapshot()
    for number in range(2, 6):
        commit(store, [number])
        store.seal()
        assert reader.locate(A.key, [IDS[number]]).tolist() == [(number - 1) * 1024]
    assert old.sealed is not None
    assert not old.sealed.file.exists()
    assert answers(reader) == answers(open_store(store.folder))


def ask_as_told(folder: Path, pipe: Any) -> None:
    """Answer in a process of its own, from one long-lived store, each time it is asked."""
    store = open_store(folder)
    while pipe.recv():
        found = answers(store)
        found["specs"] = {key: spec.to_json() for key, spec in found["specs"].items()}
        pipe.send((store.info()["sealed"], found["rows"], len(found["select"])))


@contextmanager
def reader_process(store: FeatureStore) -> Iterator[Any]:
    ours, theirs = processes.Pipe()
    child = processes.Process(target=ask_as_told, args=(store.folder, theirs))
    child.start()
    yield ours
    ours.send(False)
    child.join()
    assert child.exitcode == 0


def test_reader__in_another_process_picks_up_every_seal(store: FeatureStore) -> None:
    commit(store, [0])
    list_dataset(store, "x", range(8))
    with reader_process(store) as pipe:
        for number in range(1, 5):
            pipe.send(True)
            assert pipe.recv()[0] == (f"index-{number - 1}.duckdb" if number > 1 else None)
            commit(store, [number])
            store.seal()
            pipe.send(True)
            sealed, rows, listed = pipe.recv()
            assert (sealed, listed) == (f"index-{number}.duckdb", 8)
            assert rows[A.key] == store.locate(A.key, IDS).tolist()


def test_reader__asks_in_a_loop_while_others_seal(store: FeatureStore) -> None:
    commit(store, [0])
    list_dataset(store, "x", range(8))
    errors: list[BaseException] = []
    seen: list[int] = []
    end = threading.Event()

    def ask() -> None:
        own = open_store(store.folder)
        try:
            while not end.is_set():
                seen.append(int((own.locate(A.key, IDS) >= 0).sum()))
                assert sum(group["images"] for group in own.count(["status"])) == 8
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(1, 9):
        commit(store, [number])
        store.seal()
    end.set()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(seen) > 10
    assert answers(store)["info"]["images"] == 9


def open_often(folder: Path) -> None:
    first = open_store(folder)
    for _ in range(60):
        assert open_store(folder).locate(A.key, IDS[:1]).tolist() == [0]
    assert first.locate(A.key, IDS[:1]).tolist() == [0]


def test_reader__many_in_one_process_open_and_close_the_same_index(store: FeatureStore) -> None:
    commit(store, [0])
    store.seal()
    child = processes.Process(target=open_often, args=(store.folder,))
    child.start()
    child.join(60)
    child.kill()

    assert child.exitcode == 0, "DuckDB waits for ever"


def test_reader__the_pointer_is_gone_and_comes_back(store: FeatureStore) -> None:
    commit(store, [0])
    store.seal()
    pointer = store.folder / "index.current"
    content = pointer.read_bytes()
    for _ in range(3):
        assert store.info()["sealed"] == "index-1.duckdb"
        pointer.unlink()
        assert store.info()["sealed"] is None
        pointer.write_bytes(content)
    assert store.locate(A.key, IDS[:1]).tolist() == [0]


def test_reader__two_seals_between_the_pointer_and_the_file(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    commit(store, [1])
    store.seal()
    reader = open_store(store.folder)
    looked = 0

    def look(folder: Path) -> Path | None:
        nonlocal looked
        looked += 1
        found = current_index(folder)
        if looked == 1:
            for number in (2, 3):
                commit(store, [number])
                store.seal()
        return found

    monkeypatch.setattr("store.snapshot.current_index", look)

    assert (reader.locate(A.key, IDS[1:4]) >= 0).all()
