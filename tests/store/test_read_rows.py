from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.artefacts import Home
from store.errors import StoreError
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec

SPEC = ArraySpec("layer1", "map", (8, 16, 32))
ROWS = 1100
IDS = [f"{number:032x}" for number in range(ROWS)]
CONTENT = np.arange(ROWS, dtype=np.float16)[:, None, None, None] + np.zeros(SPEC.shape, np.float16)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """1,100 rows of 8 KiB, in 2 shards of 8 chunks of 128 rows; the last 924 rows of it are empty."""
    store = create_store(Home(tmp_path_factory.mktemp("home")), "s", expected_rows=0)
    with store.writer([SPEC], ROWS) as writer:
        for start in range(0, ROWS, store.block_rows):
            piece = slice(start, start + store.block_rows)
            writer.commit(IDS[piece], {SPEC.key: CONTENT[piece]})
    assert store.chunk_rows(SPEC.key) == 128
    return store


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.integers(0, ROWS - 1), max_size=300))
def test_read__any_rows_in_any_order(filled: FeatureStore, rows: list[int]) -> None:
    found = filled.read(SPEC.key, np.array(rows, np.int64))
    np.testing.assert_array_equal(found, CONTENT[rows])


@settings(max_examples=40, deadline=None)
@given(edges=st.tuples(st.integers(0, ROWS), st.integers(0, ROWS)), step=st.integers(1, 3))
def test_read__ascending_rows(filled: FeatureStore, edges: tuple[int, int], step: int) -> None:
    rows = np.arange(min(edges), max(edges), step)
    np.testing.assert_array_equal(filled.read(SPEC.key, rows), CONTENT[rows])


def test_read__repeated_rows_that_fill_a_chunk(filled: FeatureStore) -> None:
    rows = np.sort(np.r_[0, 0:126, 127])  # as many as a chunk has, from its first to its last
    np.testing.assert_array_equal(filled.read(SPEC.key, rows), CONTENT[rows])


def test_read__the_damaged_one_of_several_shards_is_named(tmp_path: Path) -> None:
    store = create_store(Home(tmp_path), "s", expected_rows=0)
    with store.writer([SPEC], ROWS) as writer:
        writer.commit(IDS[:1000], {SPEC.key: CONTENT[:1000]})
        writer.commit(IDS[1000:], {SPEC.key: CONTENT[1000:]})
    (second,) = (store.folder / "activations.zarr" / SPEC.key).glob("c.1.*")
    content = bytearray(second.read_bytes())
    content[100] ^= 4
    second.write_bytes(content)
    rows = store.locate(SPEC.key, IDS)

    with pytest.raises(StoreError, match=rf"{second} is damaged"):
        store.read(SPEC.key, rows)
    np.testing.assert_array_equal(store.read(SPEC.key, rows[:1000]), CONTENT[:1000])
