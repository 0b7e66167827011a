import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import StoreError
from store.feature_store import FeatureStore, open_store
from store.layout import ArraySpec

POOLED = ArraySpec("layer1", "pooled", (64,))
MAP = ArraySpec("layer1", "map", (4, 4, 4))
IDS = [f"{number:032x}" for number in range(1000)]


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    content = np.random.default_rng(0).normal(size=(1000, 64)).astype(np.float16)
    with store.writer([POOLED, MAP], 1000) as writer:
        writer.commit(IDS, {POOLED.key: content, MAP.key: content.reshape(1000, 4, 4, 4)})
    return open_store(store.folder)


def segment(store: FeatureStore) -> Path:
    return store.folder / "index" / "part-000000.parquet"


def shard(store: FeatureStore, spec: ArraySpec) -> Path:
    (file,) = (store.folder / "activations.zarr" / spec.key).glob("c.0.*")
    return file


def flip(file: Path, position: int) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 4
    file.write_bytes(content)


@pytest.mark.parametrize("spec", [POOLED, MAP])
@pytest.mark.parametrize("where", [0.0, 0.1, 0.5, 0.9])
def test_shard__flipped_bit(filled: FeatureStore, spec: ArraySpec, where: float) -> None:
    file = shard(filled, spec)
    flip(file, int(where * file.stat().st_size))

    with pytest.raises(StoreError, match=rf"{file} is damaged .*run `mint store repair`"):
        filled.read(spec.key, np.array([3]))


@pytest.mark.parametrize("view", ["pooled", "map"])
@pytest.mark.parametrize("chunk", [0, 1, 2, 3])
def test_shard__flipped_bit_in_one_of_several_chunks(
    store: FeatureStore, view: str, chunk: int
) -> None:
    wide = ArraySpec("wide", view, (2048,))  # 256 rows a chunk, 4 chunks a shard
    content = np.random.default_rng(0).normal(size=(1000, 2048)).astype(np.float16)
    with store.writer([wide], 1000) as writer:
        writer.commit(IDS, {wide.key: content})
    file = shard(store, wide)
    flip(file, int((chunk + 0.5) / 4 * file.stat().st_size))

    for other in {0, 1, 2, 3} - {chunk}:
        rows = np.arange(other * 256 + 5, other * 256 + 200)
        np.testing.assert_array_equal(store.read(wide.key, rows), content[rows])
    for rows in (np.arange(1000), np.array([chunk * 256 + 7])):
        with pytest.raises(StoreError, match=rf"{file} is damaged"):
            store.read(wide.key, rows)


def test_shard__flipped_bit_in_its_chunk_table(filled: FeatureStore) -> None:
    file = shard(filled, POOLED)
    flip(file, file.stat().st_size - 8)

    with pytest.raises(StoreError, match=rf"{file} is damaged"):
        filled.read(POOLED.key, np.array([3]))


def test_shard__cut_short(filled: FeatureStore) -> None:
    file = shard(filled, POOLED)
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(StoreError, match=f"{file} is damaged .it has {size - 100} of {size} bytes"):
        filled.read(POOLED.key, np.array([3]))


def test_shard__lost_is_not_nan(filled: FeatureStore) -> None:
    shard(filled, POOLED).unlink()

    with pytest.raises(StoreError, match=r"c\.0\.0 is damaged \(it has 0 of"):
        filled.read(POOLED.key, np.array([3]))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 1000])
def test_segment__not_parquet(filled: FeatureStore, content: bytes) -> None:
    segment(filled).write_bytes(content)

    with pytest.raises(StoreError, match=rf"{segment(filled)} is not a readable index segment"):
        filled.specs()


def test_segment__cut_short(filled: FeatureStore) -> None:
    segment(filled).write_bytes(segment(filled).read_bytes()[:-10])

    with pytest.raises(StoreError, match=r"part-000000\.parquet is not a readable index segment"):
        filled.locate(POOLED.key, IDS)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_segment__flipped_bit_in_a_column(filled: FeatureStore, column: int) -> None:
    pages = pq.read_metadata(segment(filled)).row_group(0).column(column)
    flip(segment(filled), pages.data_page_offset + pages.total_compressed_size // 2)

    with pytest.raises(StoreError, match=r"part-000000\.parquet is not a readable index segment"):
        filled.locate(POOLED.key, IDS)


def test_segment__flipped_bit_anywhere_is_found(store: FeatureStore) -> None:
    with store.writer([POOLED], 20) as writer:
        content = np.zeros((20, 64), np.float16)
        writer.commit(IDS[:20], {POOLED.key: content}, {IDS[3]: ("unreadable", "truncated")})
    located = store.locate(POOLED.key, IDS[:20])
    whole = segment(store).read_bytes()
    for position in range(0, len(whole), 7):
        segment(store).write_bytes(whole)
        flip(segment(store), position)
        with pytest.raises(StoreError, match=r"part-000000\.parquet"):
            open_store(store.folder).locate(POOLED.key, IDS[:20])
    segment(store).write_bytes(whole)
    assert open_store(store.folder).locate(POOLED.key, IDS[:20]).tolist() == located.tolist()


def rewrite(file: Path, **fields: str) -> None:
    rows = pq.read_table(file, partitioning=None)
    metadata = {
        key.decode(): value.decode() for key, value in pq.read_metadata(file).metadata.items()
    }
    pq.write_table(rows.replace_schema_metadata(metadata | fields), file)


def test_segment__newer_format(filled: FeatureStore) -> None:
    rewrite(segment(filled), format="3", segment="something new")

    with pytest.raises(
        StoreError, match=r"part-000000\.parquet has format 3, but this version reads format 2"
    ):
        filled.plan(IDS, [POOLED.key])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("segment", '{"block": 7, "first_row": 0, "arrays": []}'),
        ("segment", "["),
        ("segment", "[1]"),
        ("segment", "{}"),
        ("format", "x"),
    ],
)
def test_segment__wrong_metadata(filled: FeatureStore, field: str, value: str) -> None:
    rewrite(segment(filled), **{field: value})

    with pytest.raises(StoreError, match=r"part-000000\.parquet is not a readable index segment"):
        filled.specs()


def test_segment__parquet_of_somebody_else(filled: FeatureStore) -> None:
    pq.write_table(pa.table({"row": [1]}), segment(filled))

    with pytest.raises(StoreError, match=r"part-000000\.parquet is not a readable index segment"):
        filled.specs()


@pytest.mark.parametrize("content", ["", "{}", '{"zarr_format": 3, "node_type": "array"}'])
def test_array__damaged_metadata(filled: FeatureStore, content: str) -> None:
    file = filled.folder / "activations.zarr" / POOLED.key / "zarr.json"
    file.write_text(content)

    with pytest.raises(StoreError, match=rf"{file} is missing or damaged"):
        filled.read(POOLED.key, np.array([3]))


def test_array__lost(filled: FeatureStore) -> None:
    (filled.folder / "activations.zarr" / POOLED.key / "zarr.json").unlink()

    with pytest.raises(StoreError, match=r"pooled/zarr\.json is missing or damaged"):
        filled.read(POOLED.key, np.array([3]))


def test_array__metadata_of_another_array(filled: FeatureStore) -> None:
    arrays = filled.folder / "activations.zarr"
    metadata = (arrays / MAP.key / "zarr.json").read_text()
    (arrays / POOLED.key / "zarr.json").write_text(metadata)

    with pytest.raises(StoreError, match="it does not say rows of"):
        filled.read(POOLED.key, np.array([3]))


@pytest.mark.parametrize("part", ["index", "activations.zarr"])
def test_open_store__part_of_it_is_lost(filled: FeatureStore, part: str) -> None:
    (filled.folder / part).rename(filled.folder / "elsewhere")

    with pytest.raises(StoreError, match="is not a whole store"):
        open_store(filled.folder)


def test_open_store__newer_card(filled: FeatureStore) -> None:
    card = filled.folder / "card.json"
    card.write_text(json.dumps(filled.card | {"format": 99}))

    with pytest.raises(StoreError, match=r"card\.json has format 99"):
        open_store(filled.folder)
