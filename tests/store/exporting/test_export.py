import json
import resource
import shutil
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr

from store.errors import StoreError
from store.exporting.export import FORMATS, Exported, export
from store.exporting.selection import Activations
from store.feature_store import FeatureStore
from store.layout import ArraySpec

POOLED, MAP = "layer1/pooled", "layer2/map"
Usage = namedtuple("Usage", "total used free")


def numbered(count: int) -> pa.Table:
    return pa.table({"sample_id": [f"{number:032x}" for number in range(count)]})


@pytest.fixture
def big(store: FeatureStore) -> FeatureStore:
    """One array of 1,000 rows of 2,048 float16: four chunks that no codec makes small."""
    spec = ArraySpec("wide", "pooled", (2048,))
    values = np.random.default_rng(0).normal(size=(1000, 2048)).astype(np.float16)
    with store.writer([spec], 1000) as writer:
        writer.commit(numbered(1000)["sample_id"].to_pylist(), {spec.key: values})
    return store


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk: writing more than ``size`` bytes to a file fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("format_name", FORMATS)
def test_export__says_what_it_exported(
    filled: FeatureStore, samples: pa.Table, tmp_path: Path, format_name: str
) -> None:
    target = tmp_path / "made" / "for-it" / "out"

    found = export(filled, [POOLED, MAP], samples, target, format_name)

    assert found == Exported(target, images=5, left_out=3)
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_export__may_be_read_by_those_whom_the_umask_lets(
    filled: FeatureStore, samples: pa.Table, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()

    export(filled, [POOLED], samples, tmp_path / "out", "npy")

    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("format_name", FORMATS)
def test_export__damaged_store_leaves_nothing(
    big: FeatureStore, tmp_path: Path, format_name: str
) -> None:
    spec = big.specs()["wide/pooled"]
    with big.writer([spec], 1) as writer:
        writer.commit([f"{1000:032x}"], {spec.key: np.ones((1, 2048), np.float16)})
    second = big.folder / "activations.zarr" / "wide" / "pooled" / "c.1.0"
    second.write_bytes(second.read_bytes()[:-1])

    with pytest.raises(StoreError, match="is damaged"):
        export(big, ["wide/pooled"], numbered(1001), tmp_path / "out" / "x", format_name)

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("format_name", FORMATS)
def test_export__full_disk_leaves_nothing(
    big: FeatureStore, tmp_path: Path, format_name: str
) -> None:
    with (
        largest_file(500_000),
        pytest.raises(StoreError, match=r"could not be written .*too large.*: make room"),
    ):
        export(big, ["wide/pooled"], numbered(1000), tmp_path / "out" / "x", format_name)

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("format_name", FORMATS)
def test_export__interrupt_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, big: FeatureStore, tmp_path: Path, format_name: str
) -> None:
    monkeypatch.setattr("store.exporting.selection.WINDOW_BYTES", 2**18)
    read, reads = FeatureStore.read, []

    def press_ctrl_c(store: FeatureStore, key: str, rows: np.ndarray) -> np.ndarray:
        reads.append(len(rows))
        if len(reads) == 4:
            raise KeyboardInterrupt
        return read(store, key, rows)

    monkeypatch.setattr(FeatureStore, "read", press_ctrl_c)

    with pytest.raises(KeyboardInterrupt):
        export(big, ["wide/pooled"], numbered(1000), tmp_path / "out" / "x", format_name)

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("format_name", FORMATS)
def test_export__no_more_than_a_window_at_a_time(
    monkeypatch: pytest.MonkeyPatch, big: FeatureStore, tmp_path: Path, format_name: str
) -> None:
    monkeypatch.setattr("store.exporting.selection.WINDOW_BYTES", 2**20 + 1)
    read, sizes = Activations.read, []

    def record(array: Activations, start: int, stop: int) -> np.ndarray:
        values = read(array, start, stop)
        sizes.append(values.nbytes)
        return values

    monkeypatch.setattr(Activations, "read", record)
    export(big, ["wide/pooled"], numbered(1000), tmp_path / "out", format_name)

    assert max(sizes) == 2**20
    assert sum(sizes) == 1000 * 2048 * 2


def test_export__disk_too_small(
    monkeypatch: pytest.MonkeyPatch, big: FeatureStore, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, 1000))

    with pytest.raises(StoreError, match=r"1000 B free, but 5\.0 MiB are needed"):
        export(big, ["wide/pooled"], numbered(1000), tmp_path / "out" / "x", "npy")

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("gone")])
def test_export__target_that_exists_is_kept(
    filled: FeatureStore, samples: pa.Table, tmp_path: Path, make: object
) -> None:
    target = tmp_path / "out"
    make(target)  # type: ignore[operator]

    with pytest.raises(StoreError, match="out exists: choose another name"):
        export(filled, [POOLED], samples, target, "npy")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "out"]


def test_export__target_that_appears_meanwhile_is_kept(
    monkeypatch: pytest.MonkeyPatch, filled: FeatureStore, samples: pa.Table, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "store.exporting.publication.flush_tree", lambda _: (tmp_path / "out").mkdir()
    )

    with pytest.raises(StoreError, match="out exists: choose another name"):
        export(filled, [POOLED], samples, tmp_path / "out", "npy")

    assert list((tmp_path / "out").iterdir()) == []


def test_export__target_in_the_store(filled: FeatureStore, samples: pa.Table) -> None:
    target = filled.folder / "activations.zarr" / "exports" / "mine"

    with pytest.raises(StoreError, match=r"is in the store .* export to another folder"):
        export(filled, [POOLED], samples, target, "npy")

    assert not target.parent.exists()


def test_export__target_below_a_file(
    filled: FeatureStore, samples: pa.Table, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match=r"could not be written .* choose another folder"):
        export(filled, [POOLED], samples, tmp_path / "file" / "out", "npy")


def test_export__unknown_format(filled: FeatureStore, samples: pa.Table, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="'csv' is no export format: use npy, parquet, anndata"):
        export(filled, [POOLED], samples, tmp_path / "out", "csv")


@pytest.mark.parametrize("format_name", FORMATS)
def test_export__small_windows_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
    filled: FeatureStore,
    samples: pa.Table,
    tmp_path: Path,
    format_name: str,
) -> None:
    export(filled, [POOLED, MAP], samples, tmp_path / "one", format_name)
    monkeypatch.setattr("store.exporting.selection.WINDOW_BYTES", 150)
    export(filled, [POOLED, MAP], samples, tmp_path / "many", format_name)

    one, many = (read_values(tmp_path / name, format_name) for name in ("one", "many"))
    assert one.keys() == many.keys() != set()
    for name, values in one.items():
        np.testing.assert_array_equal(values, many[name])


def read_values(folder: Path, format_name: str) -> dict[str, np.ndarray]:
    if format_name == "npy":
        return {file.name: np.load(file) for file in folder.glob("*.npy")}
    if format_name == "parquet":
        table = pq.read_table(folder / "activations.parquet")
        return {key: np.stack(table[key].to_numpy()) for key in (POOLED, MAP)}
    root = zarr.open_group(folder, mode="r")
    return {key: root[key][:] for key in ("X", "obsm/layer2.map")}


def test_export__card_without_a_fingerprint(
    filled: FeatureStore, samples: pa.Table, tmp_path: Path
) -> None:
    export(filled, [POOLED], samples, tmp_path / "out", "npy")

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["store"], manifest["model"]) == ("resnet", "resnet18")
    assert "model_fingerprint" not in manifest
