"""What is counted of images and arrays is what a plan finds image by image."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_stores import IDS, A, B, commit

from store.artefacts import Home
from store.errors import StoreError
from store.feature_store import FeatureStore, create_store
from store.holdings import Holding
from store.samples import SAMPLES_SCHEMA

NUMBERS = st.lists(st.integers(0, 15), unique=True)


def _table(folder: Path, name: str, numbers: list[int], unreadable: tuple[int, ...] = ()) -> Path:
    empty = dict.fromkeys(SAMPLES_SCHEMA.names) | {"uri": "x.png", "membership": "member"}
    rows = [
        empty | {"sample_id": IDS[n], "status": "unreadable" if n in unreadable else "ok"}
        for n in numbers
    ]
    file = folder / f"{name}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SAMPLES_SCHEMA), file)
    return file


def _store(tmp_path: Path) -> FeatureStore:
    return create_store(Home(tmp_path), "s", expected_rows=100)


def test_holdings__empty_store_has_nothing_of_any_image(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.holdings([_table(tmp_path, "d", [1, 2])]) == [Holding(frozenset(), 2)]


def test_holdings__an_image_of_two_tables_counts_once_and_unreadable_ones_do_not(
    tmp_path: Path,
) -> None:
    store = _store(tmp_path)
    commit(store, [1, 2], A)
    files = [_table(tmp_path, "d", [1, 2, 3], unreadable=(3,)), _table(tmp_path, "e", [2, 4])]
    assert store.holdings(files) == [
        Holding(frozenset(), 1),
        Holding(frozenset({A.key}), 2),
    ]


def test_holdings__missing_table_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        _store(tmp_path).holdings([tmp_path / "none.parquet"])


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=NUMBERS, second=NUMBERS, third=NUMBERS, wanted=NUMBERS)
def test_holdings__say_what_a_plan_says(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[int],
    second: list[int],
    third: list[int],
    wanted: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("holdings")
    store = _store(folder)
    for numbers, spec in ((first, A), (second, B), (third, A)):
        if numbers:
            commit(store, numbers, spec, failed=numbers[:1])
    found = store.holdings([_table(folder, "d", wanted)])
    for keys in ((A.key,), (B.key,), (A.key, B.key)):
        plan = store.plan([IDS[n] for n in wanted], keys)
        there = sum(each.images for each in found if each.keys >= set(keys))
        assert there == plan.present
        missing = {
            tuple(key for key in keys if key not in each.keys): 0
            for each in found
            if not each.keys >= set(keys)
        }
        for each in found:
            if not each.keys >= set(keys):
                missing[tuple(key for key in keys if key not in each.keys)] += each.images
        assert missing == {group: len(ids) for group, ids in plan.missing.items()}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=NUMBERS, second=NUMBERS, failed=st.sets(st.integers(0, 15)), wanted=NUMBERS)
def test_count_failed__counts_the_images_of_tables_with_a_failure_in_an_array(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[int],
    second: list[int],
    failed: set[int],
    wanted: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("failed")
    store = _store(folder)
    for numbers, spec in ((first, A), (second, B)):
        if numbers:
            commit(store, numbers, spec, [number for number in numbers if number in failed])
    files = [_table(folder, "d", wanted, unreadable=(13,)), _table(folder, "e", wanted[:3])]
    readable = (set(wanted) - {13}) | set(wanted[:3])
    assert store.count_failed(files, [A.key]) == len(readable & failed & set(first))
    both = readable & failed & (set(first) | set(second))
    assert store.count_failed(files, [A.key, B.key]) == len(both)
    store.seal()
    assert store.count_failed(files, [A.key, B.key]) == len(both)


def test_planner__knows_nothing_of_what_comes_later(tmp_path: Path) -> None:
    store = _store(tmp_path)
    commit(store, [1, 2], A)
    planner = store.planner()
    commit(store, [3], A)
    for _ in range(3):  # more sealed indexes than a store keeps open
        commit(store, [4], A)
        store.seal()
        assert store.specs()
    assert planner.blocks == {0} < store.blocks()
    assert planner.plan(IDS[1:5], [A.key]).missing == {(A.key,): [IDS[3], IDS[4]]}
    assert store.plan(IDS[1:5], [A.key]).missing == {}
