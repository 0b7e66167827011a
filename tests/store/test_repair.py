import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filled_stores import (
    BATCH,
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
)
from small_stores import list_dataset

from store.blocks import OtherFormatError, as_rows, read_source
from store.digests import DIGEST, UNSTAMPED, stamp
from store.errors import StoreError
from store.feature_store import FeatureStore, open_store
from store.query import Query
from store.repair import repair
from store.segments import Segment, read_segment, segment_files, write_segment
from store.verification import verify

FIRST, SECOND = sorted(IDS[:BATCH]), sorted(IDS[BATCH:])
"""The images of blocks 0 and 1."""


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch, store: FeatureStore) -> FeatureStore:
    """Block 0 has 800 images and block 1 has 100, both with three arrays of several shards."""
    make_shards_small(monkeypatch)
    extract(store)
    list_dataset(store, "x", [1, 2])
    return store


def segments(store: FeatureStore) -> dict[str, tuple[int, int, list[str]]]:
    found = [read_segment(file) for file in segment_files(store.folder)]
    return {s.name: (s.first_row, s.stop_row, sorted(s.arrays)) for s in found}


def test_repair__nothing_to_do(filled: FeatureStore) -> None:
    before = segments(filled)

    done = repair(filled)

    assert (done.problems, done.dropped, done.lost) == ((), {}, ())
    assert segments(filled) == before
    check_whole(filled)


def test_repair__bad_shard_costs_its_rows_in_its_array_alone(filled: FeatureStore) -> None:
    file = filled.folder / "activations.zarr" / WIDE.key / "c.1.0"  # rows 256 to 512
    flip(file, 100)

    done = repair(filled)

    assert done.dropped == {WIDE.key: 256}
    assert missing(filled) == {WIDE.key: FIRST[256:512]}
    others = [MAP.key, POOLED.key]
    assert segments(filled) == {
        "part-000000.parquet": (0, 256, [*others, WIDE.key]),
        "part-000000.256.parquet": (256, 512, others),
        "part-000000.512.parquet": (512, 800, [*others, WIDE.key]),
        "part-000001.parquet": (1024, 1124, [*others, WIDE.key]),
    }
    assert not file.exists()
    assert verify(filled).problems == ()
    extract(filled)
    check_whole(filled)


def test_repair__segment_that_keeps_no_array_is_not_written(filled: FeatureStore) -> None:
    arrays = filled.folder / "activations.zarr"
    for shard in ("layer1/map/c.0.*", "layer1/pooled/c.[01].*", "layer2/pooled/c.[0-3].*"):
        for file in arrays.glob(shard):
            file.unlink()

    repair(filled)

    assert missing(filled) == dict.fromkeys(SPECS, FIRST)
    assert list(segments(filled)) == ["part-000001.parquet"]
    extract(filled)
    check_whole(filled)


def lose_shard(store: FeatureStore) -> None:
    (store.folder / "activations.zarr" / POOLED.key / "c.1.0").unlink()


def cut_shard(store: FeatureStore) -> None:
    file = store.folder / "activations.zarr" / MAP.key / "c.1.0.0.0"
    file.write_bytes(file.read_bytes()[:-1])


def damage_segment(store: FeatureStore) -> None:
    flip(store.folder / "index" / "part-000001.parquet", 200)


def lose_metadata(store: FeatureStore) -> None:
    (store.folder / "activations.zarr" / MAP.key / "zarr.json").unlink()


def damage_metadata_and_shard(store: FeatureStore) -> None:
    flip(store.folder / "activations.zarr" / WIDE.key / "zarr.json", 100)
    flip(store.folder / "activations.zarr" / WIDE.key / "c.0.0", 100)


def lose_array(store: FeatureStore) -> None:
    shutil.rmtree(store.folder / "activations.zarr" / POOLED.key)


def lose_arrays(store: FeatureStore) -> None:
    shutil.rmtree(store.folder / "activations.zarr")
    (store.folder / "activations.zarr").mkdir()


def damage_groups(store: FeatureStore) -> None:
    for file in (store.folder / "activations.zarr").glob("**/zarr.json"):
        if len(file.relative_to(store.folder).parts) < 4:
            flip(file, 20)


def damage_listing(store: FeatureStore) -> None:
    flip(store.folder / "index" / "dataset-x.parquet", 100)


def name_rows_without_values(store: FeatureStore) -> None:
    file = store.folder / "index" / "part-000001.parquet"
    source = read_source(file, store.block_rows)
    more = [{"row": 1124, "sample_id": "f" * 32, "status": "ok", "reason": None}]
    rows = as_rows(pa.concat_tables([source.rows, pa.Table.from_pylist(more, source.rows.schema)]))
    write_segment(store.folder, Segment(**vars(source.segment) | {"rows": 101}), rows)


def dispute_rows(store: FeatureStore) -> None:
    source = read_source(store.folder / "index" / "part-000000.parquet", store.block_rows)
    rows = source.rows.slice(300, 10)
    ids = pa.array([*IDS[300:309], "f" * 32], pa.string())
    fields = {"name": "part-000000.300.parquet", "first_row": 300, "rows": 10}
    rows = as_rows(rows.set_column(1, rows.schema[1], ids))
    write_segment(store.folder, Segment(**vars(source.segment) | fields), rows)


def damage_everything(store: FeatureStore) -> None:
    for damage in (cut_shard, lose_metadata, damage_metadata_and_shard, damage_listing):
        damage(store)


Damage = Callable[[FeatureStore], None]
DAMAGES: dict[Damage, dict[str, list[str]]] = {
    lose_shard: {POOLED.key: FIRST[512:]},
    cut_shard: {MAP.key: SECOND},
    damage_segment: dict.fromkeys(SPECS, SECOND),
    lose_metadata: {},
    damage_metadata_and_shard: {WIDE.key: FIRST[:256]},
    lose_array: {POOLED.key: FIRST + SECOND},
    lose_arrays: dict.fromkeys(SPECS, FIRST + SECOND),
    damage_groups: {},
    damage_listing: {},
    name_rows_without_values: {},
    dispute_rows: dict.fromkeys(SPECS, IDS[309:310]),
    damage_everything: {MAP.key: SECOND, WIDE.key: FIRST[:256]},
}
SEALED_DAMAGES = DAMAGES | {damage_segment: {}}  # the sealed index has its rows


@pytest.mark.parametrize("damage", DAMAGES)
def test_repair__then_exactly_what_was_bad_is_missing(filled: FeatureStore, damage: Damage) -> None:
    damage(filled)
    assert verify(filled).problems

    repair(filled)

    assert verify(filled).problems == ()
    assert missing(filled) == DAMAGES[damage]
    extract(filled)
    check_whole(filled)
    assert verify(filled).problems == ()


@pytest.mark.parametrize("damage", SEALED_DAMAGES)
def test_repair__sealed_store_is_sealed_again(filled: FeatureStore, damage: Damage) -> None:
    filled.seal()
    damage(filled)

    repair(filled)

    assert verify(filled).problems == ()
    assert missing(filled) == SEALED_DAMAGES[damage]
    assert filled.info()["unsealed_segments"] == 0
    extract(filled)
    check_whole(filled)


def lose_index(store: FeatureStore) -> None:
    (store.folder / "index-1.duckdb").unlink()


def damage_index(store: FeatureStore) -> None:
    flip(store.folder / "index-1.duckdb", 5000)


def damage_pointer(store: FeatureStore) -> None:
    flip(store.folder / "index.current", 20)


@pytest.mark.parametrize("damage", [lose_index, damage_index, damage_pointer])
def test_repair__index_is_made_again_under_a_new_number(
    filled: FeatureStore, damage: Damage
) -> None:
    filled.seal()
    damage(filled)

    repair(filled)

    assert verify(filled).problems == ()
    assert filled.info()["sealed"] == "index-2.duckdb"
    check_whole(filled)


@pytest.mark.parametrize("loss", ["damaged", "lost"])
def test_repair__sealed_segment_is_the_same_file_again(filled: FeatureStore, loss: str) -> None:
    filled.seal()
    file = filled.folder / "index" / "part-000000.parquet"
    whole = file.read_bytes()
    file.write_bytes(b"") if loss == "damaged" else file.unlink()

    done = repair(filled)

    assert (done.dropped, done.lost) == ({}, ())
    assert file.read_bytes() == whole
    check_whole(filled)


def test_repair__segment_that_nothing_else_has_is_lost(filled: FeatureStore) -> None:
    damage_segment(filled)

    done = repair(filled)

    assert done.lost == ("part-000001.parquet",)
    assert not list((filled.folder / "activations.zarr").glob("*/*/c.4.*"))  # its shards


def test_repair__lost_listing_is_listed_again(filled: FeatureStore) -> None:
    filled.seal()
    (filled.folder / "index" / "dataset-x.parquet").unlink()

    repair(filled)

    assert verify(filled).problems == ()
    assert filled.select(Query()).num_rows == 0
    list_dataset(filled, "x", [1, 2])
    assert filled.select(Query()).num_rows == 2


def test_repair__metadata_of_another_layout_costs_the_array(
    filled: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_metadata(filled)
    monkeypatch.setattr("store.layout.CHUNK_BYTES", 2**12)  # as if another version had made it

    done = repair(filled)

    assert done.dropped == {MAP.key: 900}
    assert verify(filled).problems == ()
    assert missing(filled) == {MAP.key: FIRST + SECOND}
    extract(filled)
    check_whole(filled)


def test_repair__is_refused_while_another_run_writes(filled: FeatureStore) -> None:
    lose_shard(filled)

    with (
        filled.writer([POOLED], 1),
        pytest.raises(StoreError, match="Another run is writing the store"),
    ):
        repair(filled)
    assert verify(filled).problems


def test_repair__card_cannot_be_repaired(filled: FeatureStore) -> None:
    flip(filled.folder / "card.json", 100)

    with pytest.raises(StoreError, match=r"card cannot be repaired: .* restore"):
        repair(filled)


def test_repair__segment_of_a_newer_version_is_not_touched(filled: FeatureStore) -> None:
    lose_shard(filled)
    file = filled.folder / "index" / "part-000001.parquet"
    rewrite_metadata(file, format="3")

    with pytest.raises(OtherFormatError, match="has format 3"):
        repair(filled)
    assert file.exists()


def rewrite_metadata(file: Path, **fields: str) -> None:
    rows, metadata = pq.read_table(file, partitioning=None), pq.read_metadata(file).metadata
    said = {key.decode(): value.decode() for key, value in metadata.items()}
    pq.write_table(rows.replace_schema_metadata(said | fields | {DIGEST: UNSTAMPED}), file)
    stamp(file)


@pytest.mark.parametrize("sealed", [False, True])
def test_repair__killed_at_any_step_it_can_be_run_again(
    filled: FeatureStore, sealed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sealed:
        filled.seal()
    flip(filled.folder / "activations.zarr" / WIDE.key / "c.1.0", 100)
    damage_segment(filled)
    lose_metadata(filled)
    damage_listing(filled)
    damaged = filled.folder.parent / "damaged"
    shutil.copytree(filled.folder, damaged)
    expected = {WIDE.key: FIRST[256:512]}
    expected |= {} if sealed else {key: expected.get(key, []) + SECOND for key in SPECS}
    step = 0
    while True:
        step += 1
        shutil.rmtree(filled.folder)
        shutil.copytree(damaged, filled.folder)
        store = open_store(filled.folder)
        with killed_at(monkeypatch, step) as died:
            repair(store)

        repair(open_store(store.folder))

        assert verify(store).problems == ()
        assert missing(store) == expected
        assert (open_store(store.folder).info()["sealed"] is not None) == sealed
        if not died:
            break
    assert step > 8
    extract(store)
    check_whole(store)


def test_writer__does_not_reuse_the_block_of_a_lost_segment(filled: FeatureStore) -> None:
    filled.seal()
    (filled.folder / "index" / "part-000000.parquet").unlink()

    with (
        pytest.raises(StoreError, match=r"part-000000\.parquet is gone: `mint store repair`"),
        open_store(filled.folder).writer([POOLED], 1),
    ):
        pass
    check_whole(filled)
