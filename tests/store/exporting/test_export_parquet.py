import hashlib
import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.exporting.export import export
from store.feature_store import FeatureStore

POOLED, MAP, TOKENS = "layer1/pooled", "layer2/map", "block3/tokens"


@pytest.fixture
def file(filled: FeatureStore, samples: pa.Table, tmp_path: Path) -> Path:
    export(filled, [POOLED, MAP, TOKENS], samples, tmp_path / "out", "parquet")
    return tmp_path / "out" / "activations.parquet"


def stored(store: FeatureStore, key: str) -> np.ndarray:
    """(5, D): what the store has for the five images that the fixtures let through."""
    ids = [f"{number:032x}" for number in (7, 2, 0, 5, 1)]
    return store.read(key, store.locate(key, ids)).reshape(5, -1)


def test_parquet__samples_in_order(file: Path, samples: pa.Table) -> None:
    found = pq.read_table(file, columns=samples.column_names)

    assert found.to_pylist() == samples.take([0, 1, 4, 6, 7]).to_pylist()


@pytest.mark.parametrize("key", [POOLED, MAP, TOKENS])
def test_parquet__values_by_pyarrow(filled: FeatureStore, file: Path, key: str) -> None:
    expected = stored(filled, key)
    column = pq.read_table(file)[key].combine_chunks()

    assert column.type.list_size == expected.shape[1]
    values = column.flatten().to_numpy()
    assert values.dtype == expected.dtype
    np.testing.assert_array_equal(values.reshape(5, -1), expected)


@pytest.mark.parametrize("key", [POOLED, MAP, TOKENS])
def test_parquet__values_by_pandas(filled: FeatureStore, file: Path, key: str) -> None:
    values = np.stack(pd.read_parquet(file)[key].to_list())

    assert values.dtype == stored(filled, key).dtype
    np.testing.assert_array_equal(values, stored(filled, key))


@pytest.mark.parametrize("key", [POOLED, MAP, TOKENS])
def test_parquet__values_by_duckdb(filled: FeatureStore, file: Path, key: str) -> None:
    found = duckdb.read_parquet(str(file)).project(f'number, "{key}"').fetchall()

    assert [number for number, _ in found] == [7, 2, 0, 5, 1]
    np.testing.assert_array_equal([values for _, values in found], stored(filled, key))


def test_parquet__shape_of_a_row_in_the_metadata(file: Path) -> None:
    schema = pq.read_schema(file)

    assert json.loads(schema.field(MAP).metadata[b"shape"]) == [2, 3, 3]


def test_parquet__a_row_group_a_window(
    monkeypatch: pytest.MonkeyPatch, filled: FeatureStore, samples: pa.Table, tmp_path: Path
) -> None:
    monkeypatch.setattr("store.exporting.selection.WINDOW_BYTES", 2 * (4 * 2 + 18 * 4))
    export(filled, [POOLED, MAP], samples, tmp_path / "out", "parquet")

    metadata = pq.read_metadata(tmp_path / "out" / "activations.parquet")
    assert [metadata.row_group(i).num_rows for i in range(3)] == [2, 2, 1]


def test_parquet__manifest(file: Path) -> None:
    manifest = json.loads((file.parent / "manifest.json").read_text())

    assert (manifest["format"], manifest["images"], manifest["left_out"]) == ("mint-parquet", 5, 3)
    assert manifest["arrays"][1] == {
        "layer": "layer2",
        "view": "map",
        "shape": [5, 2, 3, 3],
        "dtype": "float32",
        "file": "activations.parquet",
        "column": "layer2/map",
        "blake2b": hashlib.blake2b(file.read_bytes()).hexdigest(),
    }
