import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.exporting.export import export
from store.feature_store import FeatureStore

POOLED, MAP, TOKENS = "layer1/pooled", "layer2/map", "block3/tokens"


def stored(store: FeatureStore, key: str, *numbers: int) -> np.ndarray:
    return store.read(key, store.locate(key, [f"{number:032x}" for number in numbers]))


@pytest.mark.parametrize("key", [POOLED, MAP, TOKENS])
def test_npy__values_of_the_store(
    filled: FeatureStore, samples: pa.Table, tmp_path: Path, key: str
) -> None:
    export(filled, [POOLED, MAP, TOKENS], samples, tmp_path / "out", "npy")

    values = np.load(tmp_path / "out" / f"{key.replace('/', '.')}.npy", mmap_mode="r")
    expected = stored(filled, key, 7, 2, 0, 5, 1)
    assert values.dtype == expected.dtype
    np.testing.assert_array_equal(values, expected)


def test_npy__samples_in_order(filled: FeatureStore, samples: pa.Table, tmp_path: Path) -> None:
    export(filled, [POOLED, MAP], samples, tmp_path / "out", "npy")

    found = pq.read_table(tmp_path / "out" / "samples.parquet")
    assert found.to_pylist() == samples.take([0, 1, 4, 6, 7]).to_pylist()


def test_npy__manifest(filled: FeatureStore, samples: pa.Table, tmp_path: Path) -> None:
    export(filled, [MAP, POOLED], samples, tmp_path / "out", "npy")

    def digest(name: str) -> str:
        return hashlib.blake2b((tmp_path / "out" / name).read_bytes()).hexdigest()

    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == {
        "format": "mint-npy",
        "version": 1,
        "store": "resnet",
        "model": "resnet18",
        "images": 5,
        "left_out": 3,
        "samples": {"file": "samples.parquet", "blake2b": digest("samples.parquet")},
        "arrays": [
            {
                "layer": "layer2",
                "view": "map",
                "shape": [5, 2, 3, 3],
                "dtype": "float32",
                "file": "layer2.map.npy",
                "blake2b": digest("layer2.map.npy"),
            },
            {
                "layer": "layer1",
                "view": "pooled",
                "shape": [5, 4],
                "dtype": "float16",
                "file": "layer1.pooled.npy",
                "blake2b": digest("layer1.pooled.npy"),
            },
        ],
    }


def test_npy__nothing_else(filled: FeatureStore, samples: pa.Table, tmp_path: Path) -> None:
    export(filled, [POOLED], samples, tmp_path / "out", "npy")

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "layer1.pooled.npy",
        "manifest.json",
        "samples.parquet",
    ]
