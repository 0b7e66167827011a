import json
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from filled_stores import (
    FAILED,
    IDS,
    MAP,
    POOLED,
    WIDE,
    extract,
    flip,
    make_shards_small,
    values,
)
from small_stores import A, B, commit, list_dataset

from store.artefacts import Home
from store.blocks import Source, as_rows, read_source
from store.feature_store import FeatureStore, create_store, open_store
from store.garbage import find_garbage, remove_garbage
from store.index_checks import check_sealed
from store.layout import ArraySpec
from store.repair import repair
from store.segments import Segment, write_segment
from store.verification import Verification, inspect, verify, verify_folder

FLIPS_A_FILE = 12


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch, store: FeatureStore) -> FeatureStore:
    """Blocks 0 and 1 have three arrays with several shards; the sealed index has only block 0."""
    make_shards_small(monkeypatch)
    extract(store)
    return store


def found(store: FeatureStore) -> list[tuple[str, str]]:
    return [(problem.kind, problem.file) for problem in verify(store).problems]


def test_verify__empty_store(store: FeatureStore) -> None:
    assert verify(store) == Verification((), files=2, rows=0, bytes=files_bytes(store))


def test_verify__whole_store_is_read_to_the_last_byte(filled: FeatureStore) -> None:
    list_dataset(filled, "x", [1, 2])
    filled.seal()

    found = verify(filled)

    files = [file for file in filled.folder.rglob("*") if file.is_file()]
    assert found == Verification((), len(files) - 1, len(IDS), files_bytes(filled))


def files_bytes(store: FeatureStore) -> int:
    """All but the lock, which is empty."""
    return sum(file.stat().st_size for file in store.folder.rglob("*") if file.is_file())


def test_verify__any_flipped_bit_is_found_and_its_file_is_named(store: FeatureStore) -> None:
    with store.writer([POOLED, WIDE], 20) as writer:
        writer.commit(
            IDS[:20],
            {spec.key: values(spec, IDS[:20]) for spec in (POOLED, WIDE)},
            {IDS[3]: ("unreadable", "truncated")},
        )
    list_dataset(store, "x", [1, 2])
    store.seal()
    commit(store, [1, 2])
    files = [f for f in store.folder.rglob("*") if f.is_file() and f.name != "writer.lock"]
    assert len(files) == 16

    for file in files:
        whole = file.read_bytes()
        for number, position in enumerate(np.linspace(0, len(whole) - 1, FLIPS_A_FILE).astype(int)):
            flip(file, position, bit=1 << number % 8)
            named = {problem.file for problem in inspect(store).problems}  # verify looks twice
            assert str(file.relative_to(store.folder)) in named, position
            file.write_bytes(whole)
    assert inspect(store).problems == ()


def test_verify_folder__card_with_a_flipped_bit(filled: FeatureStore) -> None:
    flip(filled.folder / "card.json", 100)

    (problem,) = verify_folder(filled.folder).problems
    assert (problem.kind, problem.file) == ("card", "card.json")


def test_verify_folder__no_card(filled: FeatureStore) -> None:
    (filled.folder / "card.json").unlink()

    (problem,) = verify_folder(filled.folder).problems
    assert (problem.kind, problem.file) == ("card", "card.json")


@pytest.mark.parametrize("part", ["index", "activations.zarr"])
def test_verify_folder__part_of_it_is_gone(filled: FeatureStore, part: str) -> None:
    (filled.folder / part).rename(filled.folder.parent / "elsewhere")

    (problem,) = verify_folder(filled.folder).problems
    assert (problem.kind, problem.file) == ("folder", part)


def test_verify__card_without_a_digest(filled: FeatureStore) -> None:
    fields = {name: value for name, value in filled.card.items() if name != "digest"}
    (filled.folder / "card.json").write_text(json.dumps(fields))

    assert found(open_store(filled.folder)) == [("card", "card.json")]


def test_verify__lost_shard_costs_its_rows_in_its_array(filled: FeatureStore) -> None:
    file = "activations.zarr/layer1/pooled/c.1.0"
    (filled.folder / file).unlink()

    (problem,) = verify(filled).problems
    assert (problem.kind, problem.file, problem.key) == ("shard", file, POOLED.key)
    assert (problem.block, problem.rows) == (0, ((512, 800),))
    assert "288 rows of layer1/pooled are lost" in problem.message


def test_verify__shard_cut_short(filled: FeatureStore) -> None:
    file = "activations.zarr/layer1/map/c.0.0.0.0"
    (filled.folder / file).write_bytes((filled.folder / file).read_bytes()[:-1])

    assert found(filled) == [("shard", file)]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 1000])
def test_verify__damaged_segment_does_not_stop_the_rest(
    filled: FeatureStore, content: bytes
) -> None:
    (filled.folder / "index" / "part-000000.parquet").write_bytes(content)
    flip(filled.folder / "activations.zarr" / WIDE.key / "c.4.0", 50)

    assert found(filled) == [
        ("shard", "activations.zarr/layer2/pooled/c.4.0"),
        ("segment", "index/part-000000.parquet"),
    ]


def test_verify__lost_segment_that_is_sealed(filled: FeatureStore) -> None:
    filled.seal()
    (filled.folder / "index" / "part-000000.parquet").unlink()

    (problem,) = verify(filled).problems
    assert (problem.kind, problem.file) == ("segment", "index/part-000000.parquet")
    assert "restores it" in problem.message


def test_verify__segment_that_is_not_as_it_was_sealed(filled: FeatureStore) -> None:
    filled.seal()
    file = filled.folder / "index" / "part-000000.parquet"
    source = read_source(file, filled.block_rows)
    write_segment(filled.folder, source.segment.without(MAP.key), source.rows)

    assert found(filled) == [("segment", "index/part-000000.parquet")]


def rewrite(store: FeatureStore, change: Callable[[pa.Table], pa.Table], **fields: Any) -> None:
    """Write the segment of block 1 again, whole, but saying something else."""
    file = store.folder / "index" / "part-000001.parquet"
    source = read_source(file, store.block_rows)
    rows = change(source.rows)
    said = vars(source.segment) | {"rows": rows.num_rows} | fields
    write_segment(store.folder, Segment(**said), rows)


def longer(rows: pa.Table) -> pa.Table:
    """Add ten rows that nobody has written, in the chunk that holds the last ones."""
    more = [
        {"row": 1024 + number, "sample_id": f"{number:032x}", "status": "ok", "reason": None}
        for number in range(100, 110)
    ]
    return as_rows(pa.concat_tables([rows, pa.Table.from_pylist(more, rows.schema)]))


def test_verify__rows_without_values(filled: FeatureStore) -> None:
    rewrite(filled, longer)

    problems = verify(filled).problems
    assert {(p.kind, p.file) for p in problems} == {("row", "index/part-000001.parquet")}
    assert {p.key: p.rows for p in problems} == dict.fromkeys(
        (POOLED.key, MAP.key, WIDE.key), ((1124, 1134),)
    )


def test_verify__row_of_a_failed_image_needs_no_values(filled: FeatureStore) -> None:
    assert filled.failures(list(FAILED))
    assert verify(filled).problems == ()


def test_verify__values_that_are_nan_altogether(store: FeatureStore) -> None:
    content = np.ones((3, 1), np.float32)
    content[1] = np.nan
    with store.writer([A], 3) as writer:
        writer.commit(IDS[:3], {A.key: content})

    (problem,) = verify(store).problems
    assert (problem.kind, problem.rows) == ("row", ((1, 2),))


def twice(rows: pa.Table) -> pa.Table:
    ids = rows["sample_id"].to_pylist()
    column = pa.array([*ids[:-1], ids[0]], pa.string())
    return rows.set_column(1, rows.schema[1], column)


def shifted(rows: pa.Table) -> pa.Table:
    return rows.set_column(0, rows.schema[0], pa.array(np.arange(1025, 1125)))


def as_it_is(rows: pa.Table) -> pa.Table:
    return rows


@pytest.mark.parametrize(
    ("change", "fields", "message"),
    [
        (twice, {}, "a sample id occurs twice"),
        (shifted, {}, "its rows are not 1024 to 1124"),
        (as_it_is, {"first_row": 1025}, "its name does not say that row 1025 is its first"),
        (as_it_is, {"first_row": 2000}, "rows 2000 to 2100 do not lie in block 1"),
        (as_it_is, {"first_row": 0}, "rows 0 to 100 do not lie in block 1"),
        (as_it_is, {"block": 0}, "it is a segment of block 0"),
    ],
)
def test_verify__segment_that_says_what_cannot_be(
    filled: FeatureStore,
    change: Callable[[pa.Table], pa.Table],
    fields: dict[str, int],
    message: str,
) -> None:
    rewrite(filled, change, **fields)

    (problem,) = verify(filled).problems
    assert (problem.kind, problem.file) == ("segment", "index/part-000001.parquet")
    assert message in problem.message


def test_verify__two_segments_with_the_same_rows(filled: FeatureStore) -> None:
    part(filled, 300, 500, ids=IDS[:200])

    (problem,) = verify(filled).problems
    assert (problem.kind, problem.file) == ("segment", "index/part-000000.300.parquet")
    assert "has rows that part-000000.parquet has, too" in problem.message


def part(store: FeatureStore, start: int, stop: int, ids: list[str]) -> None:
    """Write a segment of some rows of block 0 that belong to another one."""
    source = read_source(store.folder / "index" / "part-000000.parquet", store.block_rows)
    rows = source.rows.slice(start, stop - start)
    rows = as_rows(rows.set_column(1, rows.schema[1], pa.array(ids, pa.string())))
    segment = Segment(f"part-000000.{start}.parquet", 0, start, stop - start, source.segment.arrays)
    write_segment(store.folder, segment, Source(segment, rows).rows)


def test_verify__shard_that_grew(filled: FeatureStore) -> None:
    file = filled.folder / "activations.zarr" / MAP.key / "c.1.0.0.0"
    file.write_bytes(file.read_bytes() + b"x")

    assert found(filled) == [("shard", "activations.zarr/layer1/map/c.1.0.0.0")]


@pytest.mark.parametrize("content", [None, "", "{}", '{"shape": [3]}'])
def test_verify__metadata_of_an_array(filled: FeatureStore, content: str | None) -> None:
    file = filled.folder / "activations.zarr" / POOLED.key / "zarr.json"
    file.unlink()
    if content is not None:
        file.write_text(content)

    (problem,) = verify(filled).problems
    assert (problem.kind, problem.file) == ("metadata", "activations.zarr/layer1/pooled/zarr.json")
    assert "makes it again" in problem.message


def test_verify__shards_are_checked_even_without_metadata(filled: FeatureStore) -> None:
    (filled.folder / "activations.zarr" / POOLED.key / "zarr.json").unlink()
    flip(filled.folder / "activations.zarr" / POOLED.key / "c.0.0", 50)

    assert found(filled) == [
        ("shard", "activations.zarr/layer1/pooled/c.0.0"),
        ("metadata", "activations.zarr/layer1/pooled/zarr.json"),
    ]


@pytest.mark.parametrize("group", ["zarr.json", "layer1/zarr.json"])
def test_verify__lost_group(filled: FeatureStore, group: str) -> None:
    (filled.folder / "activations.zarr" / group).unlink()

    assert found(filled) == [("group", f"activations.zarr/{group}")]


def test_verify__lost_index(filled: FeatureStore) -> None:
    filled.seal()
    (filled.folder / "index-1.duckdb").unlink()

    assert found(filled) == [("sealed", "index-1.duckdb")]


@pytest.mark.parametrize("content", ["", "[]", "5", '{"file": "index-1.duckdb"}'])
def test_verify__pointer_that_is_none(filled: FeatureStore, content: str) -> None:
    filled.seal()
    (filled.folder / "index.current").write_text(content)

    assert found(filled) == [("pointer", "index.current")]


def test_verify__lost_listing_that_is_sealed(filled: FeatureStore) -> None:
    list_dataset(filled, "x", [1, 2])
    filled.seal()
    (filled.folder / "index" / "dataset-x.parquet").unlink()

    assert found(filled) == [("listing", "index/dataset-x.parquet")]


def test_verify__what_was_repaired_meanwhile_is_no_problem(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (filled.folder / "activations.zarr" / MAP.key / "c.0.0.0.0").unlink()
    looks = []

    def look_while_somebody_repairs(*given: Any) -> Verification:
        looks.append(inspect(*given))
        if len(looks) == 1:
            repair(filled)
        return looks[-1]

    with monkeypatch.context() as patch:
        patch.setattr("store.verification.inspect", look_while_somebody_repairs)
        assert verify(filled).problems == ()
    assert looks[0].problems


def test_verify__finds_nothing_while_others_write_seal_list_and_collect(
    store: FeatureStore,
) -> None:
    stop = threading.Event()
    commit(store, [0, 1])

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            commit(store, [number % 8], B)
            store.seal()
            list_dataset(store, "x", [number % 8], version=str(number))
            remove_garbage(store, find_garbage(store, [B.key]))

    others = threading.Thread(target=change)
    others.start()
    try:
        for _ in range(15):
            assert verify(open_store(store.folder)).problems == ()
    finally:
        stop.set()
        others.join()


def test_verify__holds_a_window_at_a_time(home: Home) -> None:
    store = create_store(home, "large", expected_rows=10**6)
    spec = ArraySpec("layer", "pooled", (4096,))
    with store.writer([spec], 20_000) as writer:  # a shard of 160 MiB
        writer.commit(
            [f"{number:032x}" for number in range(20_000)],
            {spec.key: np.ones((20_000, 4096), np.float16)},
        )
    tracemalloc.start()
    try:
        assert verify(store).bytes > 160e6
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_check_sealed__beside_readers_it_always_returns(store: FeatureStore) -> None:
    commit(store, [1])
    store.seal()
    readers = [open_store(store.folder) for _ in range(2)]
    assert all(reader.specs() for reader in readers)
    checking = threading.Thread(
        target=lambda: [check_sealed(store.folder) for _ in range(150)], daemon=True
    )
    checking.start()
    checking.join(60)

    assert not checking.is_alive()
