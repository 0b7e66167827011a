"""Blocks that one process finishes and another publishes."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import remote_stores
from remote_stores import SPECS

from store.errors import StoreError
from store.feature_store import FeatureStore, open_store
from store.layout import ArraySpec
from store.writer import StagedBlock

SPEC = ArraySpec("layer1", "pooled", (4,))
IDS = [f"{number:032x}" for number in range(6)]


def _finish(folder: Path, lease: str, number: int) -> StagedBlock:
    with open_store(folder).join(lease, [SPEC]).block() as block:
        block.append([IDS[number]], {SPEC.key: np.full((1, 4), number, np.float16)})
        return block.finish()


def _finish_half(folder: Path, lease: str) -> None:
    with open_store(folder).join(lease, [SPEC]).block() as block:
        block.append([IDS[0]], {SPEC.key: np.zeros((1, 4), np.float16)})
        os._exit(1)


def test_join__blocks_of_other_processes_are_published_in_the_writers_order(
    store: FeatureStore,
) -> None:
    context = multiprocessing.get_context("spawn")
    with store.writer([SPEC], len(IDS)) as writer, ProcessPoolExecutor(2, context) as processes:
        token = writer.lease.token
        staged = [processes.submit(_finish, store.folder, token, n) for n in range(len(IDS))]
        assert store.specs() == {}
        assert [writer.publish(each.result()) for each in staged] == list(range(len(IDS)))
        assert [path.name for path in writer.lease.folder.iterdir()] == ["lease.json"]

    rows = store.locate(SPEC.key, IDS)
    assert rows.tolist() == [number * store.block_rows for number in range(len(IDS))]
    assert store.read(SPEC.key, rows)[:, 0].tolist() == list(range(len(IDS)))


def test_join__what_a_process_left_that_died_is_gone_with_the_lease(store: FeatureStore) -> None:
    context = multiprocessing.get_context("spawn")
    with store.writer([SPEC], 1) as writer:
        process = context.Process(target=_finish_half, args=(store.folder, writer.lease.token))
        process.start()
        process.join()
        assert len(list(writer.lease.folder.iterdir())) == 2

    assert list((store.folder / "leases").iterdir()) == []
    assert store.specs() == {}


def test_join__a_lease_that_is_gone(store: FeatureStore) -> None:
    with store.writer([SPEC], 1) as writer:
        token = writer.lease.token
        staged = _finish(store.folder, token, 0)

    with pytest.raises(StoreError, match=f"taken over the lease {token}"):
        _finish(store.folder, token, 1)
    with pytest.raises(StoreError, match=f"taken over the lease {token}"):
        writer.publish(staged)


def _upload(folder: Path, lease: str, number: int) -> StagedBlock:
    writer = open_store(folder).join(lease, SPECS)
    with writer.block() as block:
        numbers = remote_stores.block(number)
        values = {spec.key: remote_stores.values_of(spec, numbers) for spec in SPECS}
        block.append(remote_stores.ids_of(numbers), values)
        return writer.upload(block.finish())


def test_join__blocks_that_are_uploaded_need_their_segment_only(place: str, tmp_path: Path) -> None:
    store = remote_stores.make(tmp_path / "home", place)
    context = multiprocessing.get_context("spawn")
    with store.writer(SPECS, 2048) as writer, ProcessPoolExecutor(2, context) as processes:
        token = writer.lease.token
        under_way = [processes.submit(_upload, store.folder, token, n) for n in range(2)]
        staged = [each.result() for each in under_way]
        assert not [path for path in writer.lease.folder.glob("*/*/*") if path.is_file()]
        lost = _upload(store.folder, token, 2)  # its process dies before it can say so
        before = remote_stores.objects(store)
        numbers = [writer.publish(each) for each in staged]
        after = remote_stores.objects(store)
        again = writer.publish(_upload(store.folder, token, 2))

    assert sorted(numbers) == [0, 1]
    assert sorted(after.keys() - before.keys()) == [f"index/part-{n:06d}.parquet" for n in range(2)]
    assert after.items() >= before.items()
    assert (lost.claim and lost.claim.block, again) == (2, 3)
    remote_stores.require_whole(store, range(3 * 1024))
    remote_stores.require_whole(remote_stores.make(tmp_path / "other", place), range(3 * 1024))
