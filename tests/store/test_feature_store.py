import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from store.artefacts import Home
from store.bfloat16 import from_bits, to_bits
from store.errors import StoreError
from store.feature_store import FeatureStore, create_store, open_store
from store.layout import ArraySpec

A = ArraySpec("layer1", "pooled", (4,))
B = ArraySpec("layer2", "map", (2, 3, 3), "float32")
WIDE = ArraySpec("layer3", "map", (3, 2, 2), "bfloat16")


def ids(*numbers: int) -> list[str]:
    return [f"{number:032x}" for number in numbers]


def values(spec: ArraySpec, count: int, seed: int = 0) -> np.ndarray:
    scaled = np.random.default_rng(seed).normal(100, 20, (count, *spec.shape))
    if spec.dtype == "bfloat16":
        return from_bits(to_bits(scaled.astype(np.float32)))
    return scaled.astype(spec.dtype)


def commit(store: FeatureStore, sample_ids: list[str], *specs: ArraySpec, seed: int = 0) -> None:
    with store.writer(specs, len(sample_ids)) as writer:
        writer.commit(sample_ids, {spec.key: values(spec, len(sample_ids), seed) for spec in specs})


def test_create_store__card_and_block_rows(home: Home) -> None:
    store = create_store(home, "resnet", expected_rows=22_000_000, model="abc")

    assert store.block_rows == 65_536
    assert (store.card["model"], store.card["block_rows"]) == ("abc", 65_536)
    assert store.folder == home.folder("stores", "resnet")


def test_create_store__existing_is_opened(home: Home, store: FeatureStore) -> None:
    commit(store, ids(1), A)

    again = create_store(home, "resnet", expected_rows=22_000_000, model="other")

    assert again.block_rows == 1024
    assert again.card["model"] == "resnet18"
    assert list(again.specs()) == ["layer1/pooled"]


def test_open_store__absent(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no store at .*nowhere"):
        open_store(tmp_path / "nowhere")


def test_empty_store__answers(store: FeatureStore) -> None:
    assert store.specs() == {}
    assert store.plan(ids(1, 2), ["a/x", "b/x"]).missing == {("a/x", "b/x"): ids(1, 2)}
    assert store.locate("a/x", ids(1, 2)).tolist() == [-1, -1]
    assert store.failures(ids(1)) == []
    assert store.info()["rows"] == store.info()["segments"] == 0


def test_read__any_order_with_repeats(store: FeatureStore) -> None:
    commit(store, ids(*range(10)), A, B)
    rows = store.locate(B.key, ids(7, 2, 2, 9, 0))

    np.testing.assert_array_equal(store.read(B.key, rows), values(B, 10)[[7, 2, 2, 9, 0]])


def test_read__no_rows(store: FeatureStore) -> None:
    commit(store, ids(1), A)

    assert store.read(A.key, np.array([], np.int64)).shape == (0, 4)


def test_read__across_blocks_shards_and_chunks(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    monkeypatch.setattr("store.layout.MAX_SHARD_BYTES", 64 * 2**10)
    monkeypatch.setattr("store.layout.CHUNK_BYTES", 4 * 2**10)
    wide = ArraySpec("wide", "pooled", (64,))  # 128 bytes a row: 512 rows a shard
    content = np.arange(600, dtype=np.float16)[:, None] + np.zeros(64, np.float16)
    with store.writer([wide], 601) as writer:
        writer.commit(ids(*range(600)), {wide.key: content})
        writer.commit(ids(600), {wide.key: content[:1] - 5})
    rows = store.locate(wide.key, ids(600, 511, 512, 0, 599, 513))

    assert store.chunk_rows(wide.key) == 32
    assert len(list((store.folder / "activations.zarr" / wide.key).glob("c.*"))) == 3
    assert store.read(wide.key, rows)[:, 7].tolist() == [-5, 511, 512, 0, 599, 513]


@pytest.mark.parametrize(
    "pipeline",
    ["zarr.core.codec_pipeline.BatchedCodecPipeline", "zarrs.ZarrsCodecPipeline"],
)
@pytest.mark.parametrize("spec", [A, B, WIDE])
def test_arrays__every_zarr_library_reads_them(
    store: FeatureStore, spec: ArraySpec, pipeline: str
) -> None:
    pytest.importorskip(pipeline.split(".", maxsplit=1)[0])
    commit(store, ids(*range(1000)), spec)

    with zarr.config.set({"codec_pipeline.path": pipeline}):
        stored = zarr.open_array(store.folder / "activations.zarr" / spec.key)[:1000]
    found = from_bits(stored) if spec.dtype == "bfloat16" else stored
    np.testing.assert_array_equal(found, values(spec, 1000))


def test_shards__are_what_zarr_itself_writes(store: FeatureStore, tmp_path: Path) -> None:
    wide = ArraySpec("wide", "pooled", (512,))
    for spec in (A, B, wide):
        commit(store, ids(*range(1000)), spec)
    arrays = store.folder / "activations.zarr"
    for block, spec in enumerate((A, B, wide)):
        shutil.copytree(arrays / spec.key, tmp_path / spec.key)
        (shard,) = (arrays / spec.key).glob("c.*")
        copy = tmp_path / spec.key / shard.name
        copy.unlink()
        array = zarr.open_array(tmp_path / spec.key)
        array[block * 1024 : block * 1024 + 1000] = values(spec, 1000)
        assert copy.read_bytes() == shard.read_bytes()


def test_read__unwritten_rows_of_a_block_do_not_exist(store: FeatureStore) -> None:
    commit(store, ids(1, 2), A)

    with pytest.raises(StoreError, match=r"Row 2 of layer1/pooled in .* does not exist"):
        store.read(A.key, np.array([1, 2, 1023]))


@pytest.mark.parametrize("spec", [A, B, WIDE])
def test_arrays__unwritten_is_nan_and_never_a_real_zero(
    store: FeatureStore, spec: ArraySpec
) -> None:
    commit(store, ids(1), spec)

    unwritten = zarr.open_array(store.folder / "activations.zarr" / spec.key)[1:3]
    if spec.dtype == "bfloat16":
        unwritten = from_bits(unwritten)
    assert np.isnan(unwritten).all()


@pytest.mark.parametrize("view", ["pooled", "map"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
def test_read__zeros_stay_zeros(store: FeatureStore, view: str, dtype: str) -> None:
    spec = ArraySpec("relu", view, (8,), dtype)
    with store.writer([spec], 1024) as writer:
        writer.commit(ids(*range(1024)), {spec.key: np.zeros((1024, 8), spec.values_dtype)})

    stored = store.read(spec.key, np.arange(1024))
    assert stored.dtype == spec.values_dtype
    np.testing.assert_array_equal(stored, 0)


def test_read__a_block_of_nan_only(store: FeatureStore) -> None:
    with store.writer([A], 3) as writer:
        writer.commit(ids(1, 2, 3), {A.key: np.full((3, 4), np.nan, np.float16)})

    assert np.isnan(open_store(store.folder).read(A.key, np.arange(3))).all()


@pytest.mark.parametrize("row", [-1, 1024, 10**12])
def test_read__rows_that_do_not_exist(store: FeatureStore, row: int) -> None:
    commit(store, ids(1), A)

    with pytest.raises(StoreError, match="does not exist: read the rows that locate"):
        store.read(A.key, np.array([0, row]))


def test_read__rows_of_another_array_do_not_exist(store: FeatureStore) -> None:
    commit(store, ids(1), A)
    commit(store, ids(1), B)

    with pytest.raises(StoreError, match=r"layer1/pooled in .* does not exist"):
        store.read(A.key, store.locate(B.key, ids(1)))


def test_read__unknown_array_names_those_there_are(store: FeatureStore) -> None:
    commit(store, ids(1), A)

    with pytest.raises(StoreError, match="has no layer9/pooled; it has layer1/pooled"):
        store.read("layer9/pooled", np.array([0]))


def test_missing__groups_in_the_given_order(store: FeatureStore) -> None:
    commit(store, ids(1, 2), A, B)
    commit(store, ids(3), A)
    commit(store, ids(4), B)

    groups = store.plan(ids(9, 4, 3, 8, 2, 9, 3), [B.key, A.key, "new/map"]).missing

    assert list(groups.items()) == [
        ((B.key, A.key, "new/map"), ids(9, 8)),
        ((A.key, "new/map"), ids(4)),
        ((B.key, "new/map"), ids(3)),
        (("new/map",), ids(2)),
    ]


def test_missing__one_more_layer_later(store: FeatureStore) -> None:
    commit(store, ids(1, 2), A)
    assert store.plan(ids(1, 2), [A.key, B.key]).missing == {(B.key,): ids(1, 2)}

    commit(store, ids(1, 2), B)
    assert store.plan(ids(1, 2), [A.key, B.key]).missing == {}
    assert store.locate(A.key, ids(1, 2)).tolist() == [0, 1]
    assert store.locate(B.key, ids(1, 2)).tolist() == [1024, 1025]


def test_missing__no_samples_or_no_keys(store: FeatureStore) -> None:
    commit(store, ids(1), A)

    assert store.plan([], [A.key]).missing == store.plan(ids(2), []).missing == {}


def test_failures__are_present_but_not_located(store: FeatureStore) -> None:
    content = values(A, 3)
    before = content.copy()
    with store.writer([A], 3) as writer:
        writer.commit(ids(1, 2, 3), {A.key: content}, {ids(2)[0]: ("unreadable", "truncated")})

    assert store.plan(ids(1, 2, 3), [A.key]).missing == {}
    assert store.locate(A.key, ids(1, 2, 3)).tolist() == [0, -1, 2]
    assert store.failures(ids(3, 2, 1, 2)) == [
        {"sample_id": ids(2)[0], "status": "unreadable", "reason": "truncated"}
    ]
    assert np.isnan(store.read(A.key, np.array([1]))).all()
    np.testing.assert_array_equal(store.read(A.key, np.array([0, 2])), before[[0, 2]])
    np.testing.assert_array_equal(content, before)


def test_locate__first_good_row_wins(store: FeatureStore) -> None:
    with store.writer([A], 3) as writer:
        writer.commit(ids(1), {A.key: values(A, 1)}, {ids(1)[0]: ("unreadable", "network")})
        writer.commit(ids(1), {A.key: values(A, 1)})
        writer.commit(ids(1), {A.key: values(A, 1)})

    assert store.locate(A.key, ids(1)).tolist() == [1024]


def test_info__counts_and_sizes(store: FeatureStore) -> None:
    with store.writer([A, B], 3) as writer:
        writer.commit(
            ids(1, 2, 3),
            {A.key: values(A, 3), B.key: values(B, 3)},
            {ids(2)[0]: ("unreadable", "truncated")},
        )
    commit(store, ids(3, 4), A)

    info = json.loads(json.dumps(store.info()))
    arrays = store.folder / "activations.zarr"
    a_bytes = sum(file.stat().st_size for file in arrays.glob("layer1/pooled/c.*"))
    files = [file for file in store.folder.rglob("*") if file.is_file()]
    assert info["layers"][0] == {
        "layer": "layer1",
        "view": "pooled",
        "shape": [4],
        "dtype": "float16",
        "rows": 5,
        "bytes": a_bytes,
    }
    assert info["layers"][1]["rows"] == 3
    assert (info["id"], info["rows"], info["images"], info["failed"]) == ("resnet", 5, 4, 1)
    assert (info["segments"], info["files"]) == (2, len(files))
    assert info["bytes"] == sum(file.stat().st_size for file in files)
