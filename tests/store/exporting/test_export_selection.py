import numpy as np
import pyarrow as pa
import pytest

from store.artefacts import Home
from store.errors import StoreError
from store.exporting.selection import select, window_rows, windows
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec

POOLED, MAP, TOKENS = "layer1/pooled", "layer2/map", "block3/tokens"


def ids(*numbers: int) -> pa.Table:
    return pa.table({"sample_id": [f"{number:032x}" for number in numbers]})


def test_select__images_with_all_arrays_in_their_order(
    filled: FeatureStore, samples: pa.Table
) -> None:
    found = select(filled, [MAP, POOLED], samples)

    assert found.samples["number"].to_pylist() == [7, 2, 0, 5, 1]
    assert [array.read(0, 5)[:, 0].tolist() for array in found.arrays] == [[7, 2, 0, 5, 1]] * 2
    assert (found.images, found.left_out) == (5, 3)


def test_select__fewer_arrays_more_images(filled: FeatureStore, samples: pa.Table) -> None:
    found = select(filled, [POOLED], samples)

    assert found.samples["number"].to_pylist() == [7, 2, 8, 0, 5, 1]
    assert found.left_out == 2


def test_select__locates_some_ids_at_a_time(
    monkeypatch: pytest.MonkeyPatch, filled: FeatureStore, samples: pa.Table
) -> None:
    monkeypatch.setattr("store.exporting.selection.LOCATED_AT_ONCE", 3)
    locate, asked = FeatureStore.locate, []

    def record(store: FeatureStore, key: str, sample_ids: list[str]) -> np.ndarray:
        asked.append(len(sample_ids))
        return locate(store, key, sample_ids)

    monkeypatch.setattr(FeatureStore, "locate", record)

    assert select(filled, [POOLED], samples).samples["number"].to_pylist() == [7, 2, 8, 0, 5, 1]
    assert asked == [3, 3, 2]


def test_select__origin_is_the_store_and_model(home: Home) -> None:
    spec = ArraySpec("fc", "pooled", (1,))
    store = create_store(home, "mine", expected_rows=0, model="net", model_fingerprint="f00d")
    with store.writer([spec], 1) as writer:
        writer.commit([f"{1:032x}"], {spec.key: np.ones((1, 1), np.float16)})

    assert select(store, [spec.key], ids(1)).origin == {
        "store": "mine",
        "model": "net",
        "model_fingerprint": "f00d",
    }


@pytest.mark.parametrize("key", [POOLED, MAP, TOKENS])
def test_read__values_of_the_store(filled: FeatureStore, key: str) -> None:
    (array,) = select(filled, [key], ids(6, 1, 3)).arrays
    expected = filled.read(key, filled.locate(key, ids(6, 1, 3)["sample_id"].to_pylist()))

    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(array.read(0, 3), expected.reshape(3, -1))
    np.testing.assert_array_equal(array.read(1, 2), expected[1:2].reshape(1, -1))


def test_read__bounded_reads_of_rows_all_over_the_store(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    monkeypatch.setattr("store.layout.CHUNK_BYTES", 1024)
    monkeypatch.setattr("store.exporting.selection.READ_BYTES", 4096)
    spec = ArraySpec("wide", "pooled", (64,))  # 128 bytes a row: 8 rows a chunk
    names = ids(*range(1000))
    content = np.arange(1000, dtype=np.float16)[:, None] + np.zeros(64, np.float16)
    with store.writer([spec], 1000) as writer:
        writer.commit(names["sample_id"].to_pylist(), {spec.key: content})
    shuffled = np.random.default_rng(0).permutation(1000)
    (array,) = select(store, [spec.key], names.take(pa.array(shuffled))).arrays
    read, spans = FeatureStore.read, []

    def record(store: FeatureStore, key: str, rows: np.ndarray) -> np.ndarray:
        spans.append(int(rows.max() // 8 - rows.min() // 8 + 1) * 1024)
        return read(store, key, rows)

    monkeypatch.setattr(FeatureStore, "read", record)
    values = array.read(0, 1000)

    np.testing.assert_array_equal(values, content[shuffled])
    assert max(spans) == 4096
    assert len(spans) == -(-1000 * 128 // 4096)


def test_windows__cover_every_image_once() -> None:
    assert list(windows(10, 4)) == [(0, 4), (4, 8), (8, 10)]


def test_window_rows__one_where_a_row_is_larger() -> None:
    assert [window_rows(size) for size in (2**20, 2**25, 2**25 + 1)] == [32, 1, 1]


def test_select__unknown_array(filled: FeatureStore, samples: pa.Table) -> None:
    with pytest.raises(StoreError, match="has no fc/pooled; it has block3/tokens, layer1/pooled"):
        select(filled, [POOLED, "fc/pooled"], samples)


def test_select__no_array(filled: FeatureStore, samples: pa.Table) -> None:
    with pytest.raises(StoreError, match=r"No layer is chosen: .* has block3/tokens"):
        select(filled, [], samples)


def test_select__array_twice(filled: FeatureStore, samples: pa.Table) -> None:
    with pytest.raises(StoreError, match="layer1/pooled and layer1/pooled would have one name"):
        select(filled, [POOLED, MAP, POOLED], samples)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ArraySpec("a.b", "c", (1,)), ArraySpec("a", "b.c", (1,))),
        (ArraySpec("conv", "pooled", (1,)), ArraySpec("Conv", "pooled", (1,))),
    ],
)
def test_select__arrays_of_one_name(store: FeatureStore, one: ArraySpec, other: ArraySpec) -> None:
    ones = np.ones((1, 1), np.float16)
    with store.writer([one, other], 1) as writer:
        writer.commit([f"{1:032x}"], {one.key: ones, other.key: ones})

    with pytest.raises(StoreError, match="would have one name: export each once, and on its own"):
        select(store, [one.key, other.key], ids(1))


def test_select__no_image_has_all(filled: FeatureStore) -> None:
    with pytest.raises(
        StoreError, match=r"None of the 2 images has a row in layer2/map of .*first"
    ):
        select(filled, [MAP], ids(8, 9))
