"""Stores on a real S3 server: the same files as on a disk, shared by homes, and cached."""

import threading
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from obstore.store import S3Store
from remote_stores import (
    KEYS,
    MAP,
    POOLED,
    SPECS,
    block,
    commit,
    ids_of,
    make,
    objects,
    require_whole,
    values_of,
)
from small_stores import list_dataset
from zarr.storage import ObjectStore

from benchmarks.object_server import Proxy
from store.artefacts import Home
from store.errors import StoreError
from store.exporting.export import export
from store.feature_store import create_store, open_store
from store.garbage import find_garbage, remove_garbage
from store.object_storage import Objects
from store.query import Query
from store.repair import repair
from store.verification import verify


def of_layout(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith(("activations.zarr/", "index/part-"))}


def test_objects__are_the_files_of_a_local_store(place: str, tmp_path: Path) -> None:
    remote = make(tmp_path / "a", place)
    local = create_store(Home(tmp_path / "b"), "s", expected_rows=0, model="m")
    for store in (remote, local):
        commit(store, block(0))
        commit(store, range(1024, 1500))
        commit(store, range(20), [MAP])

    there = objects(remote)
    files = {
        str(file.relative_to(local.folder)): file.read_bytes()
        for file in local.folder.rglob("*")
        if file.is_file()
    }

    assert of_layout(set(there)) == of_layout(set(files))
    assert all(there[name] == files[name] for name in of_layout(set(files)))
    assert sorted(name for name in there if name.startswith("claims")) == [
        f"claims/{number:06d}.json" for number in range(3)
    ]
    assert not list(remote.folder.rglob("c.*.0"))  # shards are not kept twice


def test_objects__zarr_reads_them_as_the_page_says(
    proxy: Proxy, place: str, tmp_path: Path
) -> None:
    store = make(tmp_path, place)
    commit(store, block(0))
    commit(store, range(1024, 1100))
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    source = S3Store(bucket, prefix=f"{prefix}/s", client_options={"allow_http": True})

    segments = [str(file) for file in sorted((store.folder / "index").glob("part-*.parquet"))]
    sample_ids, rows = zip(
        *duckdb.execute(
            "SELECT sample_id, row FROM read_parquet(?) ORDER BY row", [segments]
        ).fetchall(),
        strict=True,
    )
    array = zarr.open_array(
        ObjectStore(source, read_only=True), path=f"activations.zarr/{MAP.key}", mode="r"
    )
    values = array.oindex[list(rows)]

    np.testing.assert_array_equal(values, values_of(MAP, [int(each, 16) for each in sample_ids]))
    assert list(sample_ids) == ids_of(range(1100))


def test_second_home__has_all_rows_and_writes_on(place: str, tmp_path: Path) -> None:
    first, second = make(tmp_path / "a", place), make(tmp_path / "b", place)
    commit(first, block(0))

    second.shelf.refresh(at_once=True)
    assert second.plan(ids_of(block(0)), KEYS).missing == {}
    require_whole(second, block(0))
    assert commit(second, block(1)) == 1

    first.shelf.refresh(at_once=True)
    require_whole(first, [*block(0), *block(1)])
    assert verify(first).problems == verify(second).problems == ()
    assert (first.folder / "card.json").read_bytes() == (second.folder / "card.json").read_bytes()


def test_second_home__of_another_model_is_refused(place: str, tmp_path: Path) -> None:
    make(tmp_path / "a", place, model="m")

    with pytest.raises(StoreError, match=r"is another store: its card says model 'm', not 'other'"):
        make(tmp_path / "b", place, model="other")

    assert not (tmp_path / "b/stores/s").exists()


def put_raw(proxy: Proxy, place: str, name: str) -> None:
    connection = proxy.connect()
    connection.request("PUT", f"/{place.removeprefix('s3://')}/s/{name}", b"{}")
    assert connection.getresponse().status == 200
    connection.close()


def test_objects__of_other_names_are_left_alone(proxy: Proxy, place: str, tmp_path: Path) -> None:
    store = make(tmp_path / "a", place)
    commit(store, range(20))
    for name in (
        "index/sub/part-000009.parquet",
        "index/notes.txt",
        "index/.part-000009.parquet",
        "activations.zarr/.hidden/x/zarr.json",
        "index/%7Epart-000009.parquet",
    ):
        put_raw(proxy, place, name)

    other = make(tmp_path / "b", place)

    assert verify(other).problems == ()
    require_whole(other, range(20))
    assert {file.name for file in (other.folder / "index").iterdir()} == {"part-000000.parquet"}


@pytest.mark.parametrize(
    "name", ["index/../../evil", "index//evil", "activations.zarr/../../zarr.json"]
)
def test_objects__whose_names_lead_out_of_the_store(
    name: str, proxy: Proxy, place: str, tmp_path: Path
) -> None:
    store = make(tmp_path, place)
    put_raw(proxy, place, name)

    with pytest.raises(StoreError, match="whose names lead out of it"):
        verify(store)
    assert not list(tmp_path.rglob("*evil*"))


def test_storage__that_ignores_conditions_is_refused(
    proxy: Proxy, place: str, tmp_path: Path
) -> None:
    proxy.heeds_conditions = False

    with pytest.raises(StoreError, match=r"ignores conditions \(If-None-Match\)"):
        make(tmp_path, place)

    assert Objects(place).list() == {}


def test_mirror__that_cannot_be_written_or_read_is_one_sentence(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = make(tmp_path / "a", place), make(tmp_path / "b", place)
    commit(other, range(20))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("store.mirrored_index.put_in_place", full)
        with pytest.raises(StoreError, match=r"cannot be made what s3://.* is \(No space left"):
            store.shelf.refresh(at_once=True)
    store.shelf.refresh(at_once=True)
    require_whole(store, range(20))
    for content in ("{", "[]", '{"url": "s3://a/../b"}', '{"url": 3}'):
        (store.folder / "remote.json").write_text(content)
        with pytest.raises(StoreError, match="does not say which store it mirrors"):
            open_store(store.folder)


def test_reader__sees_what_others_commit_after_some_seconds(
    proxy: Proxy, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(tmp_path / "a", place), make(tmp_path / "b", place)
    commit(first, block(0))
    proxy.behave()

    assert second.specs() == {}
    assert proxy.requests == []  # it was listed just before
    monkeypatch.setattr("store.mirrored_index.FRESH_S", 0)
    assert set(second.specs()) == set(KEYS)


def test_read__fetches_a_chunk_once(proxy: Proxy, place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    commit(store, block(0))
    rows = store.locate(POOLED.key, ids_of(block(0)))
    proxy.behave()

    some = store.read(POOLED.key, rows[:3])
    assert len(proxy.requests) == 2  # the table of the shard, and one of its two chunks
    store.read(POOLED.key, rows)
    assert len(proxy.requests) == 3
    again = open_store(store.folder).read(POOLED.key, rows)

    assert len(proxy.requests) == 3
    np.testing.assert_array_equal(again, values_of(POOLED, block(0)))
    np.testing.assert_array_equal(again[:3], some)


def test_read__heals_a_damaged_cache(proxy: Proxy, place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    commit(store, block(0))
    require_whole(store, block(0))
    kept = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert len(kept) == 2 + 3  # tables and chunks
    for file in kept:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    kept[0].write_bytes(b"")

    require_whole(store, block(0))
    proxy.behave()
    require_whole(store, block(0))
    assert proxy.requests == []


@pytest.mark.parametrize("limit", ["0", "1"])
def test_read__without_room_for_a_cache(
    limit: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_CACHE_MIB", limit)
    store = make(tmp_path, place)
    commit(store, block(0))

    require_whole(store, block(0))
    require_whole(store, block(0))

    sizes = [file.stat().st_size for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert sum(sizes) <= int(limit) * 2**20


def test_read__of_a_shard_that_is_gone_or_changed(place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    commit(store, block(0))
    path = f"activations.zarr/{POOLED.key}/c.0.0"
    there = Objects(store.shelf.place)
    content = bytearray(there.get(path).content)
    content[100] ^= 1
    there.replace(path, bytes(content))

    with pytest.raises(StoreError, match=r"s3://.*/c\.0\.0 is damaged .the checksum of chunk 0"):
        require_whole(store, block(0))
    there.delete([path])
    with pytest.raises(StoreError, match=r"c\.0\.0 is damaged .it is gone"):
        require_whole(store, block(0))


def test_verify__reads_the_objects_and_not_the_cache(place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    commit(store, block(0))
    commit(store, block(1))
    require_whole(store, [*block(0), *block(1)])
    there = Objects(store.shelf.place)
    assert verify(store).problems == ()
    path = f"activations.zarr/{MAP.key}/c.1.0.0.0"
    content = bytearray(there.get(path).content)
    content[100] ^= 1
    there.replace(path, bytes(content))

    (problem,) = verify(store).problems
    assert (problem.kind, problem.file, problem.block) == ("shard", path, 1)
    assert problem.message.startswith(f"{store.shelf.place}/{path} is missing or damaged")


def test_verify__heals_a_mirror_that_is_damaged_itself(place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    commit(store, block(0))
    whole = (store.folder / "index/part-000000.parquet").read_bytes()
    (store.folder / "index/part-000000.parquet").write_bytes(whole[:-9] + b"x" + whole[-8:])
    metadata = store.folder / f"activations.zarr/{MAP.key}/zarr.json"
    metadata.write_text("{}")
    store = open_store(store.folder)
    with pytest.raises(StoreError, match="not a readable index segment"):
        store.specs()

    assert verify(store).problems == ()

    assert (store.folder / "index/part-000000.parquet").read_bytes() == whole
    require_whole(store, block(0))


def test_repair__drops_for_all_homes_what_is_damaged(place: str, tmp_path: Path) -> None:
    first, second = make(tmp_path / "a", place), make(tmp_path / "b", place)
    commit(first, block(0))
    commit(first, block(1))
    second.shelf.refresh(at_once=True)
    second.seal()
    there = Objects(first.shelf.place)
    path = f"activations.zarr/{MAP.key}/c.1.0.0.0"
    there.delete([path])

    repaired = repair(first)

    assert repaired.dropped == {MAP.key: 1024}
    second.shelf.refresh(at_once=True)
    for store in (first, second):
        missing = store.plan(ids_of(range(2048)), KEYS).missing
        assert missing == {(MAP.key,): ids_of(block(1))}
        assert verify(store).problems == ()
    commit(second, block(1), [MAP])
    require_whole(second, [*block(0), *block(1)])


def test_repair__restores_metadata_and_drops_a_bad_segment(place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    commit(store, block(0))
    commit(store, block(1))
    there = Objects(store.shelf.place)
    metadata = f"activations.zarr/{MAP.key}/zarr.json"
    whole = there.get(metadata).content
    there.delete([metadata, "activations.zarr/zarr.json"])
    there.replace("index/part-000001.parquet", b"nothing of the kind")
    kinds = {problem.kind for problem in verify(store).problems}
    assert kinds == {"metadata", "group", "segment"}

    repair(store)

    assert verify(store).problems == ()
    assert there.get(metadata).content == whole
    assert store.plan(ids_of(range(2048)), KEYS).missing == {tuple(sorted(KEYS)): ids_of(block(1))}
    assert commit(store, block(1)) == 2  # the number of a lost block is not given again
    require_whole(store, [*block(0), *block(1)])


def test_gc__takes_an_array_out_for_all_homes(place: str, tmp_path: Path) -> None:
    first, second = make(tmp_path / "a", place), make(tmp_path / "b", place)
    commit(first, block(0))
    second.shelf.refresh(at_once=True)
    second.seal()

    freed = remove_garbage(first, find_garbage(first, [MAP.key]))

    assert freed > 2000
    second.shelf.refresh(at_once=True)
    for store in (first, second):
        assert set(store.specs()) == {POOLED.key}
        assert verify(store).problems == ()
    assert not [name for name in objects(first) if "layer2" in name]
    assert find_garbage(first).items == find_garbage(second).items == ()


def test_export__is_that_of_a_local_store(place: str, tmp_path: Path) -> None:
    remote = make(tmp_path / "a", place)
    local = create_store(Home(tmp_path / "b"), "s", expected_rows=0, model="m")
    for store, name in ((remote, "x"), (local, "y")):
        commit(store, range(100))
        list_dataset(store, "d", range(12))
        samples = store.select(Query(dataset="d")).select(["sample_id"])
        export(store, [POOLED.key], samples, tmp_path / name, "npy")

    values = [np.load(tmp_path / name / "layer1.pooled.npy") for name in "xy"]
    np.testing.assert_array_equal(*values)
    assert len(values[0]) == 12


def test_listing__of_another_home_does_not_replace_ones_own(place: str, tmp_path: Path) -> None:
    first, second = make(tmp_path / "a", place), make(tmp_path / "b", place)
    list_dataset(first, "d", range(4), version="1")
    second.shelf.refresh(at_once=True)
    assert {row["label"] for row in second.select(Query(dataset="d")).to_pylist()} == {"1"}
    list_dataset(second, "d", range(9), version="2")

    for store, label, images in ((first, "1", 4), (second, "2", 9)):
        store.shelf.refresh(at_once=True)
        rows = store.select(Query(dataset="d")).to_pylist()
        assert ({row["label"] for row in rows}, len(rows)) == ({label}, images)


def test_listing__that_changes_leaves_the_sealed_index_of_others(
    place: str, tmp_path: Path
) -> None:
    first, second = make(tmp_path / "a", place), make(tmp_path / "b", place)
    commit(first, range(20))
    list_dataset(first, "d", range(4), version="1")
    second.shelf.refresh(at_once=True)
    sealed = second.seal()
    list_dataset(first, "d", range(9), version="2")

    second.shelf.refresh(at_once=True)

    assert second.info()["sealed"] == sealed.name
    rows = second.select(Query(dataset="d")).to_pylist()
    assert ({row["label"] for row in rows}, len(rows)) == ({"2"}, 9)


def test_array__of_another_shape_is_refused_and_of_the_same_taken_over(
    proxy: Proxy, place: str, tmp_path: Path
) -> None:
    first, second = make(tmp_path / "a", place), make(tmp_path / "b", place)
    other = type(POOLED)("layer1", "pooled", (7,), "float32")

    with first.writer([POOLED], 1024):
        with pytest.raises(
            StoreError, match=r"has an array layer1/pooled without rows that is not"
        ):
            commit(second, block(0), [other])
        assert find_garbage(second).items == ()  # its first block may be on the way
        proxy.behave()
        commit(second, block(1), [POOLED])
        puts = [path for method, path in proxy.requests if method == "PUT"]
        made = f"activations.zarr/{POOLED.key}/zarr.json"
        assert (
            sum(path.endswith(made) for path in puts) == 1
        )  # again, so that it is as new as the run
    commit(first, block(0), [POOLED])
    assert set(objects(first, "index")) == {
        "index/part-000000.parquet",
        "index/part-000001.parquet",
    }


def test_store_made_anew__is_not_mixed_with_the_mirror_of_the_old_one(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make(tmp_path / "a", place)
    commit(first, block(0))
    Objects(first.shelf.place).delete(objects(first))
    second = make(tmp_path / "b", place)
    commit(second, block(1))

    before = (first.folder / "index/part-000000.parquet").read_bytes()
    monkeypatch.setattr("store.mirrored_index.FRESH_S", 0)
    with pytest.raises(StoreError, match="is not the store any more that"):
        first.specs()
    assert (first.folder / "index/part-000000.parquet").read_bytes() == before
    with pytest.raises(StoreError, match="is not the store any more that"):
        commit(first, block(2))
    assert set(objects(second, "index")) == {"index/part-000000.parquet"}


def test_writers__of_two_homes_and_many_threads_lose_nothing(place: str, tmp_path: Path) -> None:
    stores = [make(tmp_path / name, place) for name in "ab"]
    found: list[int] = []

    def write(store_number: int, number: int) -> None:
        found.append(commit(stores[store_number], range(number * 1024, number * 1024 + 60)))

    threads = [threading.Thread(target=write, args=(n % 2, n)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == list(range(6))
    for store in stores:
        store.shelf.refresh(at_once=True)
        require_whole(store, [n * 1024 + i for n in range(6) for i in range(60)])
        assert verify(store).problems == ()


def test_blocks__of_one_writer_are_published_at_once(place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    found: list[int] = []
    together = threading.Barrier(4)

    with store.writer(SPECS, 400) as writer:

        def write(number: int) -> None:
            numbers = range(number * 100, (number + 1) * 100)
            with writer.block() as one:
                one.append(ids_of(numbers), {spec.key: values_of(spec, numbers) for spec in SPECS})
                staged = one.finish()
                together.wait()
                found.append(writer.publish(staged))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(found) == [0, 1, 2, 3]
    require_whole(store, range(400))
    assert verify(store).problems == ()


def test_room__is_needed_for_one_block_at_a_time(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(tmp_path, place)
    asked: list[int] = []
    monkeypatch.setattr("store.mirror.require_free", lambda _, count: asked.append(count))

    with store.writer([POOLED], 10_000_000):
        pass

    assert asked == [1024 * (512 * 4 + 64)]


def test_info__says_where_and_how_much(place: str, tmp_path: Path) -> None:
    store = make(tmp_path, place)
    commit(store, block(0))

    info = store.info()

    assert info["place"] == f"{place}/s"
    assert info["bytes"] > 2**21
    assert pq.read_metadata(store.folder / "index/part-000000.parquet").num_rows == 1024
    assert SPECS[0].to_json().items() <= info["layers"][0].items()
