from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import StoreError
from store.feature_store import FeatureStore, open_store
from store.listings import COLUMNS, listing_files
from store.query import Query
from store.samples import SAMPLES_SCHEMA


def name(number: int) -> str:
    return f"{number:032x}"


def samples(folder: Path, *rows: dict[str, Any]) -> Path:
    empty = dict.fromkeys(SAMPLES_SCHEMA.names)
    full = [empty | {"uri": "x.png", "membership": "unknown", "status": "ok"} | r for r in rows]
    file = folder / "samples.parquet"
    pq.write_table(pa.Table.from_pylist(full, SAMPLES_SCHEMA), file)
    return file


def listed(store: FeatureStore) -> list[tuple[Any, ...]]:
    rows = store.select(Query()).to_pylist()
    return [(r["dataset"], r["position"], int(r["sample_id"], 16), r["membership"]) for r in rows]


def test_list_dataset__first_of_repeated_images_counts(store: FeatureStore, tmp_path: Path) -> None:
    file = samples(
        tmp_path,
        {"sample_id": name(7), "membership": "member"},
        {"sample_id": name(3), "membership": "external"},
        {"sample_id": name(7), "membership": "external"},
        {"sample_id": name(1), "membership": "external"},
    )
    store.list_dataset("faces", "1", file)

    assert listed(store) == [
        ("faces", 0, 7, "member"),
        ("faces", 1, 3, "external"),
        ("faces", 3, 1, "external"),
    ]
    assert store.info()["datasets"] == {"faces": 3}


def test_list_dataset__same_version_again_is_nothing(store: FeatureStore, tmp_path: Path) -> None:
    store.list_dataset("faces", "1", samples(tmp_path, {"sample_id": name(1)}))
    (file,) = listing_files(store.folder)
    before = file.stat()

    store.list_dataset("faces", "1", tmp_path / "not read.parquet")

    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_list_dataset__another_version_replaces_it(store: FeatureStore, tmp_path: Path) -> None:
    long_lived = open_store(store.folder)
    store.list_dataset("faces", "1", samples(tmp_path, {"sample_id": name(1)}))
    store.list_dataset("scenes", "1", samples(tmp_path, {"sample_id": name(9)}))
    assert len(listed(long_lived)) == 2

    store.list_dataset("faces", "2", samples(tmp_path, {"sample_id": name(2)}))

    expected = [("faces", 0, 2, "unknown"), ("scenes", 0, 9, "unknown")]
    assert listed(long_lived) == listed(open_store(store.folder)) == expected


def test_list_dataset__no_images(store: FeatureStore, tmp_path: Path) -> None:
    store.list_dataset("empty", "1", samples(tmp_path))

    assert listed(store) == []
    assert store.info()["datasets"] == {"empty": 0}
    assert store.seal() is not None
    assert listed(store) == []


def test_list_dataset__same_samples_give_the_same_bytes(store: FeatureStore, home: Any) -> None:
    rows = [{"sample_id": name(n), "label": f"{n % 3}"} for n in range(2000)]
    file = samples(store.folder.parent, *rows)
    store.list_dataset("faces", "1", file)
    (listing,) = listing_files(store.folder)
    first = listing.read_bytes()
    listing.unlink()

    store.list_dataset("faces", "1", file)

    assert listing.read_bytes() == first


@pytest.mark.parametrize("strange", ["xyz", "", name(1)[1:]])
def test_list_dataset__ids_that_are_none(store: FeatureStore, tmp_path: Path, strange: str) -> None:
    file = samples(tmp_path, {"sample_id": name(1)}, {"sample_id": strange})

    with pytest.raises(StoreError, match="faces could not be listed"):
        store.list_dataset("faces", "1", file)
    assert list((store.folder / "index").iterdir()) == []
    assert listed(store) == []


@pytest.mark.parametrize("content", [None, b"", b"PAR1 but not really"])
def test_list_dataset__samples_that_cannot_be_read(
    store: FeatureStore, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "samples.parquet"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(
        StoreError, match=r"faces could not be listed .* register the dataset again"
    ):
        store.list_dataset("faces", "1", file)
    assert list((store.folder / "index").iterdir()) == []


def test_listing__every_flipped_bit_is_found(store: FeatureStore, tmp_path: Path) -> None:
    store.list_dataset("faces", "1", samples(tmp_path, {"sample_id": name(1), "label": "a"}))
    (file,) = listing_files(store.folder)
    whole = file.read_bytes()
    for position in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[position] ^= 4
        file.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"dataset-faces\.parquet"):
            open_store(store.folder).select(Query())
    file.write_bytes(whole)
    assert len(listed(open_store(store.folder))) == 1


def test_listing__under_another_name_is_refused(store: FeatureStore, tmp_path: Path) -> None:
    store.list_dataset("faces", "1", samples(tmp_path, {"sample_id": name(1)}))
    (file,) = listing_files(store.folder)
    file.rename(file.with_name("dataset-scenes.parquet"))

    with pytest.raises(StoreError, match=r"scenes\.parquet is not a readable listing .* faces"):
        store.select(Query())


def test_listing__of_a_name_that_no_dataset_has_is_not_read(store: FeatureStore) -> None:
    (store.folder / "index" / "dataset-x' OR 1=1.parquet").write_bytes(b"x")

    assert listed(store) == []


def test_listing__is_plain_parquet(store: FeatureStore, tmp_path: Path) -> None:
    store.list_dataset("faces", "v1", samples(tmp_path, {"sample_id": name(1), "split": "train"}))
    (file,) = listing_files(store.folder)

    table = pq.read_table(file, partitioning=None)

    assert tuple(table.column_names) == COLUMNS
    assert table["sample_id"].to_pylist() == [name(1)]
    fields = pq.read_metadata(file).metadata
    assert (fields[b"dataset"], fields[b"version"], fields[b"format"]) == (b"faces", b"v1", b"1")
