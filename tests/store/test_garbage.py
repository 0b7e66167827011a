import shutil
from pathlib import Path

import numpy as np
import pytest
from filled_stores import (
    IDS,
    MAP,
    POOLED,
    SPECS,
    WIDE,
    check_whole,
    extract,
    flip,
    killed_at,
    make_shards_small,
    missing,
    values,
)

from store.errors import StoreError
from store.feature_store import FeatureStore, open_store
from store.garbage import find_garbage, remove_garbage
from store.layout import ArraySpec
from store.sealed import sealed_files
from store.verification import verify

ARRAYS = Path("activations.zarr")


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch, store: FeatureStore) -> FeatureStore:
    make_shards_small(monkeypatch)
    extract(store)
    return store


def files(store: FeatureStore) -> dict[str, bytes]:
    found = sorted(file for file in store.folder.rglob("*") if file.is_file())
    return {str(file.relative_to(store.folder)): file.read_bytes() for file in found}


def paths(store: FeatureStore) -> list[str]:
    return [item.path for item in find_garbage(store).items]


def test_find_garbage__whole_store_has_none(filled: FeatureStore) -> None:
    assert find_garbage(filled).items == ()


def test_find_garbage__empty_store_has_none(store: FeatureStore) -> None:
    assert find_garbage(store).items == ()


def test_find_garbage__changes_nothing(filled: FeatureStore) -> None:
    filled.seal()
    (filled.folder / "index" / "part-000009.unfinished").write_text("half")
    before = files(filled)

    assert find_garbage(filled, [MAP.key]).bytes > 4
    assert files(filled) == before


LEFTOVERS = [
    "index/part-000009.unfinished",
    "index.unfinished",
    "activations.zarr/zarr.abc.partial",
    "activations.zarr/layer1/zarr.abc.partial",
    "activations.zarr/layer1/pooled/zarr.unfinished",
    "activations.zarr/layer1/pooled/c.2000.0",
    "activations.zarr/layer1/pooled/c.7.0",  # the second shard of a block with one row
    "index-1.duckdb",
]


@pytest.mark.parametrize("path", LEFTOVERS)
def test_remove_garbage__files_that_dead_runs_left(filled: FeatureStore, path: str) -> None:
    for name in ("e" * 32, "f" * 32):
        with filled.writer([POOLED], 1) as writer:
            writer.commit([name], {POOLED.key: values(POOLED, IDS[:1])})
        filled.seal()
    remove_garbage(filled, find_garbage(filled))
    before = files(filled)
    (filled.folder / path).write_bytes(b"12345")

    garbage = find_garbage(filled)

    assert [(item.path, item.bytes) for item in garbage.items] == [(path, 5)]
    assert remove_garbage(filled, garbage) == 5
    assert files(filled) == before


def test_remove_garbage__array_and_layer_of_a_dead_run(filled: FeatureStore) -> None:
    before = files(filled)
    with filled.writer([ArraySpec("layer9", "pooled", (2,)), ArraySpec("layer1", "x", (2,))], 1):
        pass

    assert paths(filled) == ["activations.zarr/layer1/x", "activations.zarr/layer9/pooled"]
    remove_garbage(filled, find_garbage(filled))
    assert files(filled) == before
    assert not (filled.folder / ARRAYS / "layer9").exists()


def test_remove_garbage__layer_without_arrays(filled: FeatureStore) -> None:
    (filled.folder / ARRAYS / "layer9").mkdir()

    assert paths(filled) == ["activations.zarr/layer9"]
    remove_garbage(filled, find_garbage(filled))
    assert not (filled.folder / ARRAYS / "layer9").exists()


def test_remove_garbage__what_dead_runs_had_not_published(filled: FeatureStore) -> None:
    dead = filled.folder / "leases" / "dead"
    (dead / "tmp").mkdir(parents=True)
    (dead / "tmp" / "c.0.0").write_bytes(b"1234567")

    assert paths(filled) == ["leases/dead"]
    assert remove_garbage(filled, find_garbage(filled)) == 7
    assert not dead.exists()


def test_remove_garbage__older_indexes(filled: FeatureStore) -> None:
    filled.seal()
    with filled.writer([POOLED], 1) as writer:
        writer.commit(["f" * 32], {POOLED.key: values(POOLED, IDS[:1])})
    filled.seal()

    assert paths(filled) == ["index-1.duckdb"]
    remove_garbage(filled, find_garbage(filled))
    assert sorted(sealed_files(filled.folder)) == [2]


def test_find_garbage__number_of_the_newest_index_is_kept(filled: FeatureStore) -> None:
    filled.seal()
    (filled.folder / "index.current").unlink()

    assert find_garbage(filled).items == ()


def test_find_garbage__what_a_living_run_has_is_none(filled: FeatureStore) -> None:
    with filled.writer([ArraySpec("layer9", "pooled", (2,))], 1):
        assert find_garbage(filled).items == ()


def test_remove_garbage__what_was_garbage_but_is_used_by_now(filled: FeatureStore) -> None:
    spec = ArraySpec("layer9", "pooled", (2,))
    with filled.writer([spec], 1):
        pass
    garbage = find_garbage(filled)
    with filled.writer([spec], 1) as writer:
        writer.commit(IDS[:1], {spec.key: np.ones((1, 2), np.float16)})

    assert remove_garbage(filled, garbage) == 0
    assert filled.locate(spec.key, IDS[:1]).tolist() == [2048]
    assert verify(filled).problems == ()


def test_remove_garbage__array_that_is_not_wanted(filled: FeatureStore) -> None:
    filled.seal()
    size = sum(f.stat().st_size for f in (filled.folder / ARRAYS / WIDE.key).iterdir())

    garbage = find_garbage(filled, [WIDE.key])

    assert [(item.path, item.bytes, item.why) for item in garbage.items] == [
        ("activations.zarr/layer2/pooled", size, "this array is not wanted any more")
    ]
    assert remove_garbage(filled, garbage) == size
    assert list(open_store(filled.folder).specs()) == [MAP.key, POOLED.key]
    assert list(missing(filled)) == [WIDE.key]
    assert not (filled.folder / ARRAYS / "layer2").exists()
    assert verify(filled).problems == ()
    assert filled.info()["unsealed_segments"] == 0
    extract(filled)
    check_whole(filled)


def test_remove_garbage__all_arrays(filled: FeatureStore) -> None:
    remove_garbage(filled, find_garbage(filled, list(SPECS)))

    assert filled.info()["segments"] == 0
    extract(filled)
    check_whole(filled)


def test_remove_garbage__array_made_anew_with_other_rows_is_read_as_it_is(
    filled: FeatureStore,
) -> None:
    filled.read(POOLED.key, np.array([0]))
    remove_garbage(filled, find_garbage(filled, [POOLED.key]))
    other = ArraySpec(POOLED.layer, POOLED.view, (3,), "float32")
    with filled.writer([other], 1) as writer:
        writer.commit(IDS[:1], {other.key: np.full((1, 3), 7, np.float32)})

    rows = filled.locate(other.key, IDS[:1])
    assert filled.read(other.key, rows).tolist() == [[7, 7, 7]]


def test_find_garbage__array_that_a_living_run_writes(filled: FeatureStore) -> None:
    with (
        filled.writer([POOLED], 1),
        pytest.raises(StoreError, match="Another run is writing layer1/pooled"),
    ):
        find_garbage(filled, [POOLED.key])


def test_remove_garbage__array_that_a_living_run_writes_by_now(filled: FeatureStore) -> None:
    garbage = find_garbage(filled, [POOLED.key])

    with (
        filled.writer([POOLED], 1),
        pytest.raises(StoreError, match="Another run is writing layer1/pooled"),
    ):
        remove_garbage(filled, garbage)
    check_whole(filled)


def test_find_garbage__unknown_array(filled: FeatureStore) -> None:
    with pytest.raises(StoreError, match="has no layer3/map; it has layer1/map, layer1/pooled"):
        find_garbage(filled, ["layer3/map"])


@pytest.mark.parametrize(
    "path", ["index/part-000000.parquet", "activations.zarr/layer1/pooled/zarr.json"]
)
def test_find_garbage__damaged_store_is_to_be_repaired_first(
    filled: FeatureStore, path: str
) -> None:
    flip(filled.folder / path, 100)

    with pytest.raises(StoreError, match="`mint store repair`"):
        find_garbage(open_store(filled.folder))


def test_find_garbage__lost_segment_is_to_be_restored_first(filled: FeatureStore) -> None:
    filled.seal()
    (filled.folder / "index" / "part-000000.parquet").unlink()

    with pytest.raises(StoreError, match=r"part-000000\.parquet is gone: `mint store repair`"):
        find_garbage(filled, [POOLED.key])


@pytest.mark.parametrize("sealed", [False, True])
def test_remove_garbage__killed_at_any_step_it_leaves_a_whole_store(
    filled: FeatureStore, sealed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sealed:
        filled.seal()
    (filled.folder / "index.unfinished").write_text("half")
    kept = filled.folder.parent / "kept"
    shutil.copytree(filled.folder, kept)
    step = 0
    while True:
        step += 1
        shutil.rmtree(filled.folder)
        shutil.copytree(kept, filled.folder)
        store = open_store(filled.folder)
        with killed_at(monkeypatch, step) as died:
            remove_garbage(store, find_garbage(store, [WIDE.key]))

        store = open_store(filled.folder)
        assert verify(store).problems == ()
        assert set(missing(store)) <= {WIDE.key}
        left = [WIDE.key] if WIDE.key in store.specs() else []
        remove_garbage(store, find_garbage(store, left))
        assert list(store.specs()) == [MAP.key, POOLED.key]
        assert not (store.folder / ARRAYS / "layer2").exists()
        assert (store.info()["sealed"] is not None) == sealed
        assert find_garbage(store).items == ()
        if not died:
            break
    assert step > 3
