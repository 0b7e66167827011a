from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.artefacts import Home
from store.epochs import RowSet
from store.feature_store import FeatureStore, create_store
from store.joined import JoinedRows, joined
from store.layout import ArraySpec

WIDE = ArraySpec("block", "pooled", (3, 2), "float32")
NARROW = ArraySpec("output", "pooled", (2,))
ROWS = 200
IDS = [f"{i:032x}" for i in range(ROWS)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Two arrays of 200 images, committed by two runs in other orders."""
    store = create_store(Home(tmp_path_factory.mktemp("home")), "s", expected_rows=ROWS)
    with store.writer([WIDE], ROWS) as writer:
        wide = np.arange(ROWS * 6, dtype=np.float32).reshape(ROWS, 3, 2)
        writer.commit(IDS, {WIDE.key: wide})
    with store.writer([NARROW], ROWS) as writer:
        narrow = -np.arange(ROWS * 2).reshape(ROWS, 2).astype(np.float16)
        writer.commit(IDS[::-1], {NARROW.key: narrow[::-1]})
    return store


def expected(numbers: list[int]) -> np.ndarray:
    at = np.array(numbers, np.float32)[:, None]
    return np.concatenate([6 * at + np.arange(6), -2 * at - np.arange(2)], axis=1)


def rows_of(store: FeatureStore, numbers: list[int], memory_bytes: int) -> JoinedRows:
    ids = [IDS[number] for number in numbers]
    return JoinedRows(
        [RowSet(store, s.key, store.locate(s.key, ids), memory_bytes) for s in (WIDE, NARROW)]
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    numbers=st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=60),
    batch_size=st.integers(1, 70),
    in_memory=st.booleans(),
    shuffled=st.booleans(),
)
def test_joined_rows__every_image_comes_once_with_what_all_arrays_hold(
    filled: FeatureStore, numbers: list[int], batch_size: int, in_memory: bool, shuffled: bool
) -> None:
    found = rows_of(filled, numbers, 2**28 if in_memory else 0)
    rng = np.random.default_rng(0)
    batches = list(found.shuffled(batch_size, rng) if shuffled else found.sequential(batch_size))
    positions = np.concatenate([at for at, _ in batches])
    values = np.concatenate([value for _, value in batches])
    assert sorted(positions) == list(range(len(numbers)))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, expected(numbers)[positions])


def test_joined_rows__know_their_arrays(filled: FeatureStore) -> None:
    found = rows_of(filled, [5, 3], 0)
    assert found.specs == (WIDE, NARROW)
    assert found.shape == (8,)
    assert len(found) == 2


def test_joined__is_the_order_of_the_rows(filled: FeatureStore) -> None:
    values = [np.ones((2, 3, 2), np.float16), np.zeros((2, 1))]
    assert joined(values).tolist() == [[1] * 6 + [0]] * 2


def test_row_set__gives_the_rows_that_are_asked_for(filled: FeatureStore, tmp_path: Path) -> None:
    rows = filled.locate(NARROW.key, [IDS[number] for number in (9, 4, 7)])
    for memory_bytes in (0, 2**28):
        found = RowSet(filled, NARROW.key, rows, memory_bytes).at(np.array([2, 0, 2]))
        assert found[:, 0].tolist() == [-14, -18, -14]
