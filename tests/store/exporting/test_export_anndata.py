"""The AnnData export, against the published on-disk format and against anndata where it is."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import zarr

from store.exporting.export import export
from store.feature_store import FeatureStore

POOLED, MAP, TOKENS = "layer1/pooled", "layer2/map", "block3/tokens"
IDS = [f"{number:032x}" for number in (7, 2, 0, 5, 1)]


@pytest.fixture
def folder(filled: FeatureStore, samples: pa.Table, tmp_path: Path) -> Path:
    export(filled, [MAP, POOLED, TOKENS], samples, tmp_path / "out.zarr", "anndata")
    return tmp_path / "out.zarr"


def stored(store: FeatureStore, key: str) -> np.ndarray:
    """(5, D): what the store has for the five images that the fixtures let through."""
    return store.read(key, store.locate(key, IDS)).reshape(5, -1)


def test_anndata__every_node_says_how_it_is_encoded(folder: Path) -> None:
    root = zarr.open_group(folder, mode="r", zarr_format=3)
    nodes = {"": root, **dict(root.members(max_depth=None))}

    assert {
        path: tuple(node.attrs[f"encoding-{what}"] for what in ("type", "version"))
        for path, node in nodes.items()
    } == {
        "": ("anndata", "0.1.0"),
        "X": ("array", "0.2.0"),
        "layers": ("dict", "0.1.0"),
        "obs": ("dataframe", "0.2.0"),
        "obs/fold": ("nullable-integer", "0.1.0"),
        "obs/fold/mask": ("array", "0.2.0"),
        "obs/fold/values": ("array", "0.2.0"),
        "obs/label": ("categorical", "0.2.0"),
        "obs/label/categories": ("string-array", "0.2.0"),
        "obs/label/codes": ("array", "0.2.0"),
        "obs/membership": ("categorical", "0.2.0"),
        "obs/membership/categories": ("string-array", "0.2.0"),
        "obs/membership/codes": ("array", "0.2.0"),
        "obs/number": ("array", "0.2.0"),
        "obs/sample_id": ("string-array", "0.2.0"),
        "obs/status": ("categorical", "0.2.0"),
        "obs/status/categories": ("string-array", "0.2.0"),
        "obs/status/codes": ("array", "0.2.0"),
        "obsm": ("dict", "0.1.0"),
        "obsm/block3.tokens": ("array", "0.2.0"),
        "obsm/layer1.pooled": ("array", "0.2.0"),
        "obsp": ("dict", "0.1.0"),
        "uns": ("dict", "0.1.0"),
        "uns/mint": ("dict", "0.1.0"),
        **{
            f"uns/mint/{name}": ("string", "0.2.0")
            for name in ("arrays", "format", "images", "left_out", "model", "store", "version")
        },
        "var": ("dataframe", "0.2.0"),
        "var/axis0": ("array", "0.2.0"),
        "var/axis1": ("array", "0.2.0"),
        "var/axis2": ("array", "0.2.0"),
        "var/channel": ("string-array", "0.2.0"),
        "varm": ("dict", "0.1.0"),
        "varp": ("dict", "0.1.0"),
    }


@pytest.mark.parametrize(
    ("node", "key"), [("X", MAP), ("obsm/layer1.pooled", POOLED), ("obsm/block3.tokens", TOKENS)]
)
def test_anndata__values_of_the_store(
    filled: FeatureStore, folder: Path, node: str, key: str
) -> None:
    values = zarr.open_array(folder / node, mode="r")[:]

    assert values.dtype == stored(filled, key).dtype
    np.testing.assert_array_equal(values, stored(filled, key))


def test_anndata__obs_is_the_samples(folder: Path) -> None:
    obs = zarr.open_group(folder / "obs", mode="r")
    order = ["membership", "label", "status", "number", "fold"]

    assert (obs.attrs["_index"], obs.attrs["column-order"]) == ("sample_id", order)
    assert obs["sample_id"][:].tolist() == IDS
    assert obs["number"][:].tolist() == [7, 2, 0, 5, 1]
    assert obs["fold/mask"][:].tolist() == [True, False, False, False, False]
    assert obs["fold/values"][:].tolist() == [0, 1, 4, 6, 7]
    assert obs["label"].attrs["ordered"] is False
    assert obs["label/categories"][:].tolist() == ["cat", "Hühnchen", ""]
    assert obs["label/codes"][:].tolist() == [0, -1, 1, -1, 2]


def test_anndata__var_is_the_places_of_x(folder: Path) -> None:
    var = zarr.open_group(folder / "var", mode="r")

    assert (var.attrs["_index"], var.attrs["column-order"]) == (
        "channel",
        ["axis0", "axis1", "axis2"],
    )
    assert var["channel"][:].tolist()[:4] == ["0.0.0", "0.0.1", "0.0.2", "0.1.0"]
    assert [var[f"axis{axis}"][:].tolist()[-1] for axis in range(3)] == [1, 2, 2]


def test_anndata__uns_is_the_manifest(folder: Path) -> None:
    facts = zarr.open_group(folder / "uns/mint", mode="r")

    assert [facts[name][()] for name in ("format", "version", "store", "images", "left_out")] == [
        "mint-anndata",
        "1",
        "resnet",
        "5",
        "3",
    ]
    assert json.loads(facts["arrays"][()])[1] == {
        "layer": "layer1",
        "view": "pooled",
        "shape": [5, 4],
        "dtype": "float16",
    }


def test_anndata__a_file_a_window(
    monkeypatch: pytest.MonkeyPatch, filled: FeatureStore, samples: pa.Table, tmp_path: Path
) -> None:
    monkeypatch.setattr("store.exporting.selection.WINDOW_BYTES", 4 * 2 * 2)
    monkeypatch.setattr("store.exporting.anndata.CHUNK_BYTES", 4 * 2)
    export(filled, [POOLED], samples, tmp_path / "out.zarr", "anndata")

    x = zarr.open_array(tmp_path / "out.zarr/X", mode="r")
    assert (x.chunks, x.shards) == ((1, 4), (2, 4))
    assert len([path for path in (tmp_path / "out.zarr/X/c").rglob("*") if path.is_file()]) == 3


def test_anndata__column_without_any_text(filled: FeatureStore, tmp_path: Path) -> None:
    samples = pa.table({"sample_id": IDS, "identity": pa.nulls(5)})
    export(filled, [POOLED], samples, tmp_path / "out.zarr", "anndata")

    identity = zarr.open_group(tmp_path / "out.zarr/obs/identity", mode="r")
    assert identity["categories"].shape == (0,)
    assert identity["codes"][:].tolist() == [-1] * 5


def test_anndata__reads_it_back(filled: FeatureStore, samples: pa.Table, folder: Path) -> None:
    anndata = pytest.importorskip("anndata", reason="anndata is not installed")

    found = anndata.read_zarr(folder)

    assert found.shape == (5, 18)
    np.testing.assert_array_equal(found.X, stored(filled, MAP))
    assert sorted(found.obsm) == ["block3.tokens", "layer1.pooled"]
    np.testing.assert_array_equal(found.obsm["layer1.pooled"], stored(filled, POOLED))
    assert found.obsm["layer1.pooled"].dtype == np.float16
    assert found.obs_names.tolist() == IDS
    expected = samples.take([0, 1, 4, 6, 7]).to_pydict()
    for name in ("membership", "label", "status", "number", "fold"):
        column = found.obs[name].astype(object)
        assert column.where(column.notna(), None).tolist() == expected[name]
    assert found.var_names[-1] == "1.2.2"
    assert found.uns["mint"]["store"] == "resnet"


def test_anndata__float16_x_and_back_through_anndata(
    filled: FeatureStore, samples: pa.Table, tmp_path: Path
) -> None:
    anndata = pytest.importorskip("anndata", reason="anndata is not installed")
    export(filled, [POOLED], samples.take([0, 1, 4, 6, 7]), tmp_path / "out.zarr", "anndata")

    found = anndata.read_zarr(tmp_path / "out.zarr")
    found[:, 1:].copy().write_zarr(tmp_path / "again.zarr")
    again = anndata.read_zarr(tmp_path / "again.zarr")

    assert found.X.dtype == again.X.dtype == np.float16
    np.testing.assert_array_equal(again.X, stored(filled, POOLED)[:, 1:])
