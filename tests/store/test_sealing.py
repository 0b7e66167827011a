"""The sealed index answers as the segments do, and never stands in anybody's way."""

import json
import multiprocessing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_stores import IDS, A, B, answers, commit, list_dataset

from store import sealing
from store.artefacts import Home
from store.errors import StoreError
from store.feature_store import FeatureStore, create_store, open_store
from store.query import Query
from store.sealed import current_index, sealed_files

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pandas", "store.feature_store"])


numbers = st.lists(st.integers(0, 15), min_size=1, max_size=8, unique=True)
commits = st.tuples(numbers, st.sampled_from([A, B]), st.sets(st.integers(0, 15), max_size=2))
listings = st.tuples(st.sampled_from("xy"), numbers)
steps = st.lists(st.one_of(commits, listings), max_size=5)


def do(store: FeatureStore, step: Any, version: str) -> None:
    if isinstance(step[0], str):
        list_dataset(store, step[0], step[1], version)
    else:
        commit(store, step[0], step[1], sorted(step[2] & set(step[0])))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.lists(st.integers(0, 5), max_size=3))
def test_answers__are_the_same_wherever_one_seals(history: list[Any], seals: list[int]) -> None:
    with TemporaryDirectory() as folder:
        plain = create_store(Home(Path(folder)), "plain", expected_rows=0)
        sealed = create_store(Home(Path(folder)), "sealed", expected_rows=0)
        reader = open_store(sealed.folder)
        for place, step in enumerate([*history, None]):
            if step is not None:
                do(plain, step, str(place))
                do(sealed, step, str(place))
            if place in seals:
                sealed.seal()
                reader.specs()
        expected = answers(plain)

        assert answers(reader) == answers(open_store(sealed.folder)) == expected
        sealed.seal()
        assert answers(reader) == answers(open_store(sealed.folder)) == expected


def test_answers__a_block_that_was_taken_out_is_filled_after_the_seal(store: FeatureStore) -> None:
    """The rows that come later have lower numbers then, and the first failure is among them."""
    commit(store, [9])
    commit(store, [1], failed=[1])
    (store.folder / "index" / "part-000000.parquet").unlink()
    list_dataset(store, "x", [1, 9])
    store.seal()
    values = np.zeros((2, 1), np.float32)
    with store.writer([B], 2) as writer:
        writer.commit([IDS[9], IDS[1]], {B.key: values}, {IDS[1]: ("earlier", "lower row")})

    before = answers(store)
    (store.folder / "index.current").unlink()

    assert before == answers(open_store(store.folder))


def test_seal__empty_store(store: FeatureStore) -> None:
    assert store.seal() is None
    assert sealed_files(store.folder) == {}


def test_seal__nothing_new_keeps_the_current_one(store: FeatureStore) -> None:
    commit(store, [1, 2])
    first = store.seal()

    assert first is not None
    assert store.seal() == first
    assert store.info()["sealed"] == "index-1.duckdb"


def test_seal__a_listing_alone_is_something_new(store: FeatureStore) -> None:
    list_dataset(store, "x", [1])
    assert store.seal() == store.folder / "index-1.duckdb"
    list_dataset(store, "x", [2], version="2")
    assert store.seal() == store.folder / "index-2.duckdb"

    assert [row["sample_id"] for row in store.select(Query()).to_pylist()] == [IDS[2]]


def test_seal__numbers_count_up_and_old_files_go(store: FeatureStore) -> None:
    for number in range(5):
        commit(store, [number])
        assert store.seal() == store.folder / f"index-{number + 1}.duckdb"

    # The one before stays: somebody may have read the old pointer, and open its file only now.
    assert sorted(sealed_files(store.folder)) == [4, 5]
    assert list(store.folder.glob("leases/*")) == []


def test_seal__number_of_an_index_that_was_never_current_is_not_used(store: FeatureStore) -> None:
    commit(store, [1])
    (store.folder / "index-7.duckdb").write_bytes(b"left by a run that died before the pointer")

    assert store.seal() == store.folder / "index-8.duckdb"
    assert sorted(sealed_files(store.folder)) == [8]


def test_seal__leftovers_of_a_killed_seal_do_not_matter(store: FeatureStore) -> None:
    commit(store, [1])
    leftover = store.folder / "leases" / "0" / "index.duckdb"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    (store.folder / "index.unfinished").write_text("{")

    store.seal()

    assert answers(open_store(store.folder))["info"]["rows"] == 1
    assert not leftover.exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"file": "../../x", "bytes": 1, "digest": ""}', "\0"]
)
def test_pointer__damaged_falls_back_to_the_segments(store: FeatureStore, content: str) -> None:
    commit(store, [1, 2], failed=[2])
    list_dataset(store, "x", [1, 2])
    expected = answers(store)
    store.seal()
    (store.folder / "index.current").write_text(content)

    assert current_index(store.folder) is None
    assert answers(store) == answers(open_store(store.folder)) == expected
    assert store.seal() == store.folder / "index-2.duckdb"


def test_pointer__names_a_missing_index(store: FeatureStore) -> None:
    commit(store, [1, 2])
    expected = answers(store)
    index = store.seal()
    assert index is not None
    index.unlink()

    assert answers(store) == answers(open_store(store.folder)) == expected


def test_pointer__names_an_index_that_was_cut_short(store: FeatureStore) -> None:
    commit(store, [1, 2])
    expected = answers(store)
    index = store.seal()
    assert index is not None
    index.write_bytes(index.read_bytes()[:-1])

    assert answers(open_store(store.folder)) == expected


def test_index__overwritten_by_something_else_is_a_clear_error(store: FeatureStore) -> None:
    commit(store, [1, 2])
    index = store.seal()
    assert index is not None
    index.write_bytes(b"x" * index.stat().st_size)

    with pytest.raises(StoreError, match=r"index-1\.duckdb is damaged .* repair.* makes it again"):
        open_store(store.folder).locate(A.key, IDS)


def test_seal__while_a_writer_commits_goes_on_and_has_the_rest_next_time(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    commit(store, [1])
    build = sealing._build

    def build_slowly(*given: Any) -> None:
        build(*given)
        commit(store, [2])
        list_dataset(store, "x", [1, 2])

    with monkeypatch.context() as patch:
        patch.setattr("store.sealing._build", build_slowly)
        store.seal()

    assert store.info()["unsealed_segments"] == 1
    assert (store.locate(A.key, IDS[1:3]) >= 0).all()
    assert len(store.select(Query())) == 2
    store.seal()
    assert store.info()["unsealed_segments"] == 0


def test_seal__somebody_else_was_faster(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    commit(store, [1])
    build = sealing._build

    def build_slowly(*given: Any) -> None:
        build(*given)
        monkeypatch.setattr("store.sealing._build", build)
        open_store(store.folder).seal()

    monkeypatch.setattr("store.sealing._build", build_slowly)
    assert store.seal() == store.folder / "index-1.duckdb"

    assert list(sealed_files(store.folder)) == [1]
    assert answers(open_store(store.folder))["info"]["rows"] == 1


def test_seal__begins_again_with_what_was_committed_meanwhile(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    commit(store, [1])
    build = sealing._build

    def build_slowly(*given: Any) -> None:
        build(*given)
        monkeypatch.setattr("store.sealing._build", build)
        open_store(store.folder).seal()
        commit(store, [2])

    monkeypatch.setattr("store.sealing._build", build_slowly)
    assert store.seal() == store.folder / "index-2.duckdb"
    assert store.info()["unsealed_segments"] == 0


def test_seal__somebody_else_is_always_faster(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    commit(store, [1])
    monkeypatch.setattr("store.sealing._publish", lambda *_: None)

    with pytest.raises(StoreError, match=r"sealed, repaired or cleaned by somebody else 5 times"):
        store.seal()
    assert list(sealed_files(store.folder)) == []


def seal_process(folder: Path, begin: Any, outcomes: Any) -> None:
    store = open_store(folder)
    begin.wait(60)
    store.seal()
    outcomes.put("sealed")


def test_seal__two_processes_at_once(store: FeatureStore) -> None:
    commit(store, range(16))
    begin, outcomes = processes.Barrier(2), processes.Queue()
    both = [
        processes.Process(target=seal_process, args=(store.folder, begin, outcomes))
        for _ in range(2)
    ]
    for child in both:
        child.start()
    found = [outcomes.get(timeout=60) for _ in both]
    for child in both:
        child.join()

    assert found == ["sealed", "sealed"]
    pointer = json.loads((store.folder / "index.current").read_text())
    assert (store.folder / pointer["file"]).stat().st_size == pointer["bytes"]
    assert answers(open_store(store.folder))["info"]["rows"] == 16


def test_index__is_read_by_plain_duckdb(store: FeatureStore) -> None:
    commit(store, [3, 1, 2], failed=[2])
    index = store.seal()

    with duckdb.connect(str(index), read_only=True) as connection:
        rows = connection.execute("SELECT row, status, reason FROM placed").fetchall()

    assert rows == [(1, "ok", None), (2, "bad2", "why"), (0, "ok", None)]
