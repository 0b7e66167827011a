import os
import shutil
from collections import namedtuple

import numpy as np
import pytest
import zarr

from store.errors import StoreError
from store.feature_store import FeatureStore
from store.layout import ArraySpec

A = ArraySpec("layer1", "pooled", (4,))
B = ArraySpec("layer2", "pooled", (2,), "float32")
ID = "0" * 31 + "1"
ONE = np.ones((1, 4), np.float16)

Usage = namedtuple("Usage", "total used free")


def test_writer__disk_too_small(monkeypatch: pytest.MonkeyPatch, store: FeatureStore) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, 3 * 2**20))

    with (
        pytest.raises(StoreError, match=r"has 3\.0 MiB free, but 68\.7 MiB are needed"),
        store.writer([A], 1_000_000),
    ):
        pass
    assert list((store.folder / "activations.zarr").iterdir()) == [
        store.folder / "activations.zarr" / "zarr.json"
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_writer__folder_that_cannot_be_written(store: FeatureStore) -> None:
    store.folder.chmod(0o500)

    with pytest.raises(StoreError, match="cannot be written"), store.writer([A], 1):
        pass


def test_writer__same_array_with_another_shape(store: FeatureStore) -> None:
    with store.writer([A], 1) as writer:
        writer.commit([ID], {A.key: ONE})

    with (
        pytest.raises(StoreError, match=r"stored with rows of \(4,\) float16, but \(5,\) float16"),
        store.writer([ArraySpec("layer1", "pooled", (5,))], 1),
    ):
        pass


def test_writer__array_without_rows_may_change(store: FeatureStore) -> None:
    with store.writer([A], 1):
        pass
    other = ArraySpec("layer1", "pooled", (5,), "float32")
    with store.writer([other], 1) as writer:
        writer.commit([ID], {other.key: np.ones((1, 5), np.float32)})

    assert store.specs() == {other.key: other}


@pytest.mark.parametrize("specs", [[], [A, A]])
def test_writer__no_array_or_one_twice(store: FeatureStore, specs: list[ArraySpec]) -> None:
    with pytest.raises(StoreError, match="one or more arrays, each once"), store.writer(specs, 1):
        pass


@pytest.mark.parametrize(
    ("sample_ids", "arrays", "failures", "message"),
    [
        ([], {A.key: ONE[:0]}, {}, "1 to 1024 samples, not 0"),
        ([f"{n:032x}" for n in range(1025)], {A.key: ONE}, {}, "1 to 1024 samples, not 1025"),
        ([ID, ID], {A.key: np.ones((2, 4), np.float16)}, {}, "occurs twice"),
        (["xyz"], {A.key: ONE}, {}, "'xyz' is not a sample id"),
        ([ID], {}, {}, "layer1/pooled does not fit"),
        ([ID], {A.key: ONE, B.key: ONE}, {}, "layer2/pooled does not fit"),
        ([ID], {A.key: ONE.astype(np.float32)}, {}, r"was given \(1, 4\) float32"),
        ([ID], {A.key: ONE[:, :3]}, {}, r"takes \(1, 4\) float16, but was given \(1, 3\)"),
        ([ID], {A.key: ONE}, {"f" * 32: ("bad", "x")}, "ffff failed, but is not among"),
        ([ID], {A.key: ONE}, {ID: ("ok", "x")}, "has status 'ok'"),
    ],
)
def test_commit__refuses_and_writes_nothing(
    store: FeatureStore,
    sample_ids: list[str],
    arrays: dict[str, np.ndarray],
    failures: dict[str, tuple[str, str]],
    message: str,
) -> None:
    with store.writer([A], 1) as writer, pytest.raises(StoreError, match=message):
        writer.commit(sample_ids, arrays, failures)

    assert list(store.folder.rglob("c.*")) == []
    assert store.info()["segments"] == 0


def test_commit__after_the_writer_closed(store: FeatureStore) -> None:
    with store.writer([A], 1) as writer:
        pass

    with pytest.raises(StoreError, match="is closed"):
        writer.commit([ID], {A.key: ONE})


def test_commit__block_numbers_count_up(store: FeatureStore) -> None:
    with store.writer([A], 2) as writer:
        assert writer.commit([ID], {A.key: ONE}) == 0
        assert writer.commit(["f" * 32], {A.key: ONE}) == 1
    with store.writer([B], 1) as writer:
        assert writer.commit([ID], {B.key: np.ones((1, 2), np.float32)}) == 2


def test_commit__overwrites_the_shard_of_a_failed_attempt(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    many = [f"{n:032x}" for n in range(1000)]
    with store.writer([A], 1001) as writer:
        with monkeypatch.context() as patch:
            patch.setattr("store.shelf.write_segment", fail_as_full_disk)
            with pytest.raises(StoreError, match=r"A block .* No space left .* run again"):
                writer.commit(many, {A.key: np.full((1000, 4), 7, np.float16)})
        assert store.plan(many, [A.key]).missing == {(A.key,): many}
        assert writer.commit([ID], {A.key: ONE}) == 0

    np.testing.assert_array_equal(store.read(A.key, np.array([0])), ONE)
    stored = zarr.open_array(store.folder / "activations.zarr" / A.key)[1:1024]
    assert np.isnan(stored).all()


def fail_as_full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")
