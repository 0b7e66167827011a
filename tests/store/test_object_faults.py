"""What fails between here and the storage: a block is there whole or not at all, and a rerun makes it whole."""

import multiprocessing
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import obstore
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from remote_stores import (
    KEYS,
    MAP,
    SPECS,
    block,
    commit,
    ids_of,
    make,
    objects,
    require_whole,
    values_of,
)

from benchmarks.object_server import FAULTS, SECRET, Fault, Proxy, environment
from store.errors import StoreError, UnreachableError
from store.feature_store import FeatureStore, open_store
from store.garbage import find_garbage, remove_garbage
from store.leases import leases
from store.object_storage import Objects
from store.repair import repair
from store.verification import verify

ALWAYS = 10_000
REQUESTS = 5
"""Of a commit: a listing, the claim, two shards and the segment."""

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pandas", "store.mirror"])


def images(number: int) -> range:
    return range(50 * number, 50 * (number + 1))


def write(store: FeatureStore, proxy: Proxy, number: int, fault: Fault, times: int = 1) -> None:
    """Commit some images; the fault comes at one request of the commit."""
    numbers = images(number)
    with store.writer(SPECS, 50) as writer, writer.block() as one:
        one.append(ids_of(numbers), {spec.key: values_of(spec, numbers) for spec in SPECS})
        staged = one.finish()
        proxy.fail_at(number, fault, times)
        writer.publish(staged)


@pytest.mark.parametrize("fault", FAULTS)
def test_commit__a_fault_that_passes_is_not_noticed(
    fault: Fault, proxy: Proxy, place: str, tmp_path: Path
) -> None:
    store = make(tmp_path, place)
    for number in range(REQUESTS):
        write(store, proxy, number, fault)
        proxy.behave()

    store.shelf.refresh(at_once=True)
    require_whole(store, range(50 * REQUESTS))
    assert verify(store).problems == ()
    assert len(objects(store, "index")) == REQUESTS


@pytest.mark.parametrize("fault", FAULTS)
def test_commit__a_fault_that_lasts_leaves_all_or_nothing(
    fault: Fault, proxy: Proxy, place: str, tmp_path: Path
) -> None:
    store = make(tmp_path, place)
    there = []
    for number in range(REQUESTS):
        with pytest.raises(UnreachableError, match="what is committed is safe") as error:
            write(store, proxy, number, fault, ALWAYS)
        assert "\n" not in str(error.value)
        proxy.behave()
        store.shelf.refresh(at_once=True)
        plan = store.plan(ids_of(images(number)), KEYS)
        assert set(plan.missing) <= {tuple(sorted(KEYS))}  # of no image a part
        assert plan.present in (0, 50)
        there.append(plan.present)
        if not plan.present:
            commit(store, images(number))

    require_whole(store, range(50 * REQUESTS))
    assert verify(store).problems == ()
    assert leases(store.folder) == []
    # where the answer to the last request is lost, the segment was put, and nobody could say so
    assert there == [0, 0, 0, 0, 50 if fault == "lost answer" else 0]


def test_making_joining_and_reading__an_answer_that_is_lost_is_not_noticed(
    proxy: Proxy, place: str, tmp_path: Path
) -> None:
    for number in range(9):
        proxy.fail_at(number, "lost answer")
        store = make(tmp_path / f"a{number}", f"{place}/{number}")
        proxy.behave()
        commit(store, range(5))
        proxy.fail_at(number, "lost answer")
        require_whole(make(tmp_path / f"b{number}", f"{place}/{number}"), range(5))
        proxy.behave()
        assert list(objects(store, "claims")) == ["claims/000000.json"]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**20), share=st.sampled_from([0.05, 0.2]))
def test_commit__whatever_fails_however_often_the_same_values_come_of_it(
    seed: int, share: float, proxy: Proxy, place: str, tmp_path: Path
) -> None:
    folder = tmp_path / f"{seed}-{share}"
    proxy.behave()
    store = make(folder, f"{place}/{seed}-{share}")
    proxy.fail_often(share, seed)
    for _ in range(20):
        try:
            store.shelf.refresh(at_once=True)
            missing = store.plan(ids_of(range(100)), KEYS).missing
            for start in (0, 50):
                if ids_of([start])[0] in {name for ids in missing.values() for name in ids}:
                    commit(store, range(start, start + 50))
            break
        except UnreachableError:
            continue
    proxy.behave()

    store.shelf.refresh(at_once=True)
    require_whole(store, range(100))
    assert verify(store).problems == ()


def extract(folder: Path, settings: Mapping[str, str]) -> None:
    os.environ.update(settings)  # the server that forks may have begun before there was a proxy
    store = open_store(folder)
    left = store.plan(ids_of(range(200)), KEYS).missing.get(tuple(sorted(KEYS)), [])
    for start in range(0, len(left), 50):
        commit(store, [int(name, 16) for name in left[start : start + 50]])


def write_some(folder: Path, settings: Mapping[str, str], numbers: range) -> None:
    os.environ.update(settings)
    for start in numbers[::50]:
        commit(open_store(folder), range(start, start + 50))


def test_writers__of_two_processes_lose_nothing(proxy: Proxy, place: str, tmp_path: Path) -> None:
    settings = environment(proxy.url)
    stores = [make(tmp_path / name, place) for name in "ab"]
    children = [
        processes.Process(
            target=write_some, args=(store.folder, settings, range(n * 200, n * 200 + 200))
        )
        for n, store in enumerate(stores)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()

    assert [child.exitcode for child in children] == [0, 0]
    assert len(objects(stores[0], "index")) == 8
    for store in stores:
        store.shelf.refresh(at_once=True)
        require_whole(store, range(400))
        assert verify(store).problems == ()


@pytest.mark.parametrize("requests", [9, 12, 16])
def test_kill__of_an_uploading_process_loses_nothing_and_gc_takes_what_it_left(
    requests: int, proxy: Proxy, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(tmp_path, place)
    proxy.behave()
    proxy.latency_s = 0.02
    child = processes.Process(target=extract, args=(store.folder, environment(proxy.url)))
    child.start()
    end = time.monotonic() + 60
    while len(proxy.requests) < requests and time.monotonic() < end:
        time.sleep(0.002)
    child.kill()
    child.join()
    assert len(proxy.requests) >= requests
    proxy.behave()
    before = objects(store, "index")
    assert len(before) < 4

    extract(store.folder, environment(proxy.url))

    require_whole(store, range(200))
    assert verify(store).problems == ()
    assert before.items() <= objects(store, "index").items()
    orphans = len(objects(store, "activations.zarr")) - 5 - 2 * len(objects(store, "index"))
    assert find_garbage(store).items == ()  # whoever claimed them may yet put the segment
    monkeypatch.setattr("store.claims.DEAD_S", -1.0)
    garbage = find_garbage(store)
    assert len(garbage.items) == orphans
    remove_garbage(store, garbage)
    require_whole(store, range(200))
    assert verify(store).problems == ()


def test_gc__leaves_what_is_being_uploaded(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(tmp_path / "a", place), make(tmp_path / "b", place)
    create = Objects.create

    def collect_before_the_segment(self: Objects, name: str, content: bytes) -> str | None:
        if name.startswith("index/part-000001"):
            assert find_garbage(second).items == ()
        return create(self, name, content)

    commit(first, block(0))
    monkeypatch.setattr(Objects, "create", collect_before_the_segment)
    commit(first, range(1024, 1100))

    require_whole(first, range(1100))


def test_commit__gives_up_a_claim_that_gc_could_take_for_dead(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(tmp_path, place)
    upload = Objects.upload

    def sleep_long(self: Objects, name: str, file: Path) -> None:
        upload(self, name, file)
        now = time.time()
        patched.setattr("store.claims.time.time", lambda: now + 13 * 3600)

    with monkeypatch.context() as patched:
        patched.setattr(Objects, "upload", sleep_long)
        with pytest.raises(StoreError, match="longer than 12 hours to be uploaded"):
            commit(store, range(50))

    assert objects(store, "index") == {}


def test_segment__that_somebody_else_has_put_is_not_replaced(place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    there = Objects(store.shelf.place)
    with store.writer([MAP], 1) as writer:
        there.create("index/part-000000.parquet", b"of another program")
        with pytest.raises(StoreError, match=r"part-000000\.parquet is there already"):
            writer.commit(ids_of([1]), {MAP.key: values_of(MAP, [1])})
    assert there.get("index/part-000000.parquet").content == b"of another program"


@pytest.mark.parametrize("asked", ["size", "tail", "parts"])
def test_verify__of_a_storage_that_does_not_answer_finds_no_damage(
    asked: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(tmp_path, place)
    commit(store, range(50))

    def broken(*_: object) -> None:
        raise UnreachableError("It does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(Objects, asked, broken)
        for look in (verify, repair):
            with pytest.raises(UnreachableError):
                look(store)
    require_whole(store, range(50))


def test_sentences__of_what_the_person_can_mend(
    proxy: Proxy, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(tmp_path, place)

    def said() -> str:
        with pytest.raises(UnreachableError) as error:
            open_store(store.folder).shelf.refresh(at_once=True)
        assert SECRET not in str(error.value)
        assert "\n" not in str(error.value)
        return str(error.value)

    proxy.refuse()
    assert "refuses access to s3://" in said()
    assert "(InvalidAccessKeyId): check AWS_ACCESS_KEY_ID" in said()
    proxy.behave()
    with pytest.raises(StoreError, match="has no bucket for s3://no-such-bucket/x/s: make it"):
        make(tmp_path / "b", "s3://no-such-bucket/x")
    proxy.fail_at(0, "slow down", ALWAYS)
    assert "even after several attempts (503 Service Unavailable, SlowDown)" in said()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "cannot be reached: check AWS_ENDPOINT_URL and the network" in said()
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_UNSIGNED_PAYLOAD", "maybe")
    assert "AWS_... cannot be used for s3://" in said()
    monkeypatch.delenv("AWS_UNSIGNED_PAYLOAD")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "There are no credentials for s3://" in said()
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    assert "There are no credentials for s3://" in said()


@pytest.mark.parametrize(
    "endpoint",
    ["nonsense", "ftp://x", "http://", "http://a b", "https://x?y", f"https://me:{SECRET}@x"],
)
def test_endpoint__that_is_no_web_address(
    endpoint: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(StoreError, match="AWS_ENDPOINT_URL is no web address: give") as error:
        make(tmp_path, place)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "url",
    ["", "s3://", "s3:/bucket", "s3://b", "https://host/x", "s3://bucket/../x", "s3://bucket/a b"],
)
def test_place__that_is_none(url: str) -> None:
    with pytest.raises(StoreError, match="is no place for stores: give s3://BUCKET/PREFIX"):
        Objects(url)


def test_upload__of_a_shard_in_parts(
    proxy: Proxy, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.object_storage.PART_BYTES", 5 * 2**20)
    file = tmp_path / "large"
    file.write_bytes(bytes(range(256)) * (12 * 2**12))
    there = Objects(place)
    for number in range(5):
        proxy.behave()
        proxy.fail_at(number, "lost answer")
        there.upload("large", file)
        assert there.size("large") == 12 * 2**20
        there.delete(["large"])
    real, lost = obstore.put, [FileNotFoundError("status code: 404 <Code>NoSuchUpload</Code>")]

    def put(*given: Any, **named: Any) -> Any:  # as a server says that has ended the upload already
        if lost:
            raise lost.pop()
        return real(*given, **named)

    proxy.behave()
    monkeypatch.setattr(obstore, "put", put)
    there.upload("large", file)
    assert [method for method, _ in proxy.requests] == ["POST", "PUT", "PUT", "PUT", "POST"]
    assert there.get("large").content == file.read_bytes()
