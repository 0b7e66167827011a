"""Every field of a query, alone and combined, and values that were made to break it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.artefacts import Home
from store.errors import StoreError
from store.feature_store import FeatureStore, create_store
from store.layout import ArraySpec
from store.query import Column, Query
from store.samples import SAMPLES_SCHEMA

POOLED = ArraySpec("layer1", "pooled", (2,))
MAP = ArraySpec("layer1", "map", (1, 2, 2))
HOSTILE = [
    "'; DROP TABLE listed; --",
    '" OR ""="',
    "a\0b",
    "$label",
    "%",
    "_",
    "\\",
    "",
    " ",
    "Zoë 日本 😀",
    "e\u0301",
    "x" * 100_000,
    "None",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "line\nbreak",
]


def name(number: int) -> str:
    return f"{number:032x}"


def list_samples(
    store: FeatureStore, dataset: str, samples: Sequence[dict[str, Any]], version: str = "1"
) -> None:
    empty = dict.fromkeys(SAMPLES_SCHEMA.names)
    full = [empty | {"uri": "x.png", "membership": "unknown", "status": "ok"} | s for s in samples]
    file = store.folder.parent / f"{dataset}.parquet"
    pq.write_table(pa.Table.from_pylist(full, SAMPLES_SCHEMA), file)
    store.list_dataset(dataset, version, file)


def commit(
    store: FeatureStore, numbers: Sequence[int], spec: ArraySpec, failed: Sequence[int] = ()
) -> None:
    with store.writer([spec], len(numbers)) as writer:
        values = np.zeros((len(numbers), *spec.shape), np.float16)
        failures = {name(number): ("unreadable", "truncated") for number in failed}
        writer.commit([name(number) for number in numbers], {spec.key: values}, failures)


def numbers(found: pa.Table) -> list[int]:
    return [int(sample_id, 16) for sample_id in found["sample_id"].to_pylist()]


@pytest.fixture(scope="module", params=["plain", "sealed", "sealed, then more"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> FeatureStore:
    """Images 0 to 11 in two datasets; 3 and 4 are in both; 0 to 7 have POOLED, 5 failed."""
    store = create_store(Home(tmp_path_factory.mktemp("home")), "s", expected_rows=0)
    split = ["train", "test"]
    faces = [
        {
            "sample_id": name(n),
            "membership": "member" if n < 3 else "external",
            "label": f"label{n % 2}",
            "identity": f"person{n // 2}",
            "split": split[n % 2],
        }
        for n in range(5)
    ]
    scenes: list[dict[str, Any]] = [{"sample_id": name(n), "label": "label0"} for n in range(3, 11)]
    scenes.append({"sample_id": name(11), "status": "unreadable", "reason": "no file"})
    list_samples(store, "faces", faces)
    commit(store, range(6), POOLED, failed=[5])
    if request.param != "plain":
        store.seal()
    list_samples(store, "scenes", scenes)
    commit(store, [6, 7], POOLED)
    commit(store, [0, 1], MAP)
    if request.param == "sealed":
        store.seal()
    return store


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), [0, 1, 2, 3, 4, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (Query(dataset="faces"), [0, 1, 2, 3, 4]),
        (Query(dataset="nothing"), []),
        (Query(membership="member"), [0, 1, 2]),
        (Query(membership="unknown"), [3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (Query(label="label0"), [0, 2, 4, 3, 4, 5, 6, 7, 8, 9, 10]),
        (Query(identity="person1"), [2, 3]),
        (Query(split="test"), [1, 3]),
        (Query(status="ok"), [0, 1, 2, 3, 4, 3, 4, 6, 7]),
        (Query(status="absent"), [8, 9, 10]),
        (Query(status="unreadable"), [5, 11]),
        (Query(array=POOLED.key), [0, 1, 2, 3, 4, 3, 4, 6, 7]),
        (Query(array=MAP.key), [0, 1]),
        (Query(array="layer9/pooled"), []),
        (Query(sample_ids=(name(4), name(99), name(0), name(4))), [0, 4, 4]),
        (Query(sample_ids=()), []),
        (Query(limit=3), [0, 1, 2]),
        (Query(limit=0), []),
        (Query(offset=11), [9, 10, 11]),
        (Query(offset=99), []),
        (Query(limit=2, offset=4), [4, 3]),
        (Query(sample=99), [0, 1, 2, 3, 4, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (Query(sample=0), []),
        (Query(dataset="faces", membership="external", label="label0", split="train"), [4]),
        (Query(dataset="scenes", array=POOLED.key, status="ok", limit=2, offset=1), [4, 6]),
        (Query(identity="person0", sample_ids=(name(1), name(2))), [1]),
        (Query(membership="member", dataset="scenes"), []),
    ],
)
def test_select__fields(filled: FeatureStore, query: Query, expected: list[int]) -> None:
    assert numbers(filled.select(query)) == expected


def test_select__columns(filled: FeatureStore) -> None:
    assert filled.select(Query(sample_ids=(name(3), name(5), name(11)))).to_pylist() == [
        {
            "dataset": "faces",
            "position": 3,
            "sample_id": name(3),
            "membership": "external",
            "label": "label1",
            "identity": "person1",
            "split": "test",
            "status": "ok",
            "reason": None,
        },
        *(
            {
                "dataset": "scenes",
                "position": position,
                "sample_id": name(number),
                "membership": "unknown",
                "label": label,
                "identity": None,
                "split": None,
                "status": status,
                "reason": reason,
            }
            for position, number, label, status, reason in [
                (0, 3, "label0", "ok", None),
                (2, 5, "label0", "unreadable", "truncated"),
                (8, 11, None, "unreadable", "no file"),
            ]
        ),
    ]


@pytest.mark.parametrize("page_rows", [1, 3, 5])
@pytest.mark.parametrize("wanted", [{}, {"dataset": "scenes"}, {"sample": 7, "seed": 3}])
def test_select__pages_have_everything_once(
    filled: FeatureStore, page_rows: int, wanted: dict[str, Any]
) -> None:
    everything = filled.select(Query(**wanted)).to_pylist()
    pages = [
        filled.select(Query(**wanted, limit=page_rows, offset=offset)).to_pylist()
        for offset in range(0, len(everything) + page_rows, page_rows)
    ]

    assert [row for page in pages for row in page] == everything
    assert pages[-1] == []


@pytest.mark.parametrize("size", [1, 5, 13])
def test_select__sample_has_its_size_and_is_the_same_for_a_seed(
    filled: FeatureStore, size: int
) -> None:
    drawn = filled.select(Query(sample=size, seed=1))

    assert drawn.num_rows == size
    assert drawn.equals(filled.select(Query(sample=size, seed=1)))
    rows = [(row["dataset"], row["sample_id"]) for row in drawn.to_pylist()]
    assert len(set(rows)) == size
    assert rows == sorted(rows, key=lambda row: (row[0], int(row[1], 16)))


def test_select__seeds_draw_differently_and_reach_everything(filled: FeatureStore) -> None:
    drawn = [tuple(numbers(filled.select(Query(sample=4, seed=seed)))) for seed in range(30)]

    assert len(set(drawn)) > 20
    assert set().union(*drawn) == set(range(12))


def test_select__sample_is_drawn_among_the_matches(filled: FeatureStore) -> None:
    found = filled.select(Query(dataset="scenes", status="absent", sample=2))

    assert found.num_rows == 2
    assert set(numbers(found)) < {8, 9, 10}


@pytest.mark.parametrize(
    ("by", "wanted", "expected"),
    [
        ([], Query(), [{"images": 14}]),
        (["dataset"], Query(), [("faces", 5), ("scenes", 9)]),
        (["dataset"], Query(label="label1"), [("faces", 2)]),
        (
            ["dataset", "membership"],
            Query(),
            [("faces", "external", 2), ("faces", "member", 3), ("scenes", "unknown", 9)],
        ),
        (["status"], Query(), [("absent", 3), ("ok", 9), ("unreadable", 2)]),
        (["identity"], Query(dataset="faces"), [("person0", 2), ("person1", 2), ("person2", 1)]),
        (["split"], Query(), [("test", 2), ("train", 3), (None, 9)]),
        (["label"], Query(array=MAP.key), [("label0", 1), ("label1", 1)]),
        (["dataset"], Query(dataset="nothing"), []),
        ([], Query(dataset="nothing"), [{"images": 0}]),
    ],
)
def test_count__by_columns(
    filled: FeatureStore, by: list[Column], wanted: Query, expected: list[Any]
) -> None:
    groups = [
        group if isinstance(group, dict) else dict(zip([*by, "images"], group, strict=True))
        for group in expected
    ]
    assert filled.count(by, wanted) == groups


@pytest.mark.parametrize(
    "column", ["dataset", "membership", "label", "identity", "split", "status"]
)
def test_count__equals_select(filled: FeatureStore, column: Column) -> None:
    for group in filled.count([column]):
        if group[column] is not None:
            found = filled.select(Query(**{column: group[column]}))
            assert found.num_rows == group["images"]
    assert (
        sum(group["images"] for group in filled.count([column])) == filled.select(Query()).num_rows
    )


@pytest.mark.parametrize("field", ["label", "identity", "split"])
def test_hostile_values__match_themselves_only(store: FeatureStore, field: str) -> None:
    samples = [{"sample_id": name(n), field: value} for n, value in enumerate(HOSTILE)]
    list_samples(store, "hostile", samples)
    for sealed in (False, True):
        if sealed:
            store.seal()
        for number, value in enumerate(HOSTILE):
            assert numbers(store.select(Query(**{field: value}))) == [number]
        counted = {group[field]: group["images"] for group in store.count([field])}  # type: ignore[list-item]
        assert counted == dict.fromkeys(HOSTILE, 1)


@pytest.mark.parametrize("field", ["dataset", "membership", "status", "array"])
def test_hostile_values__that_nothing_has_match_nothing(filled: FeatureStore, field: str) -> None:
    for value in HOSTILE:
        assert filled.select(Query(**{field: value})).num_rows == 0
    assert filled.select(Query()).num_rows == 14


@pytest.mark.parametrize("field", ["dataset", "membership", "label", "identity", "split", "status"])
def test_query__half_a_character_is_no_text(field: str) -> None:
    with pytest.raises(StoreError, match=rf"The {field} that is asked for is no text"):
        Query(**{field: "a\ud800"})


@pytest.mark.parametrize("field", ["sample", "limit", "offset"])
def test_query__negative_number(field: str) -> None:
    with pytest.raises(StoreError, match=rf"The {field} is -1: give 0 or more"):
        Query(**{field: -1})


@pytest.mark.parametrize("wanted", [Query(sample=1), Query(limit=1), Query(offset=1)])
def test_count__does_not_draw_or_page(filled: FeatureStore, wanted: Query) -> None:
    with pytest.raises(StoreError, match="leave out sample, limit and offset"):
        filled.count(["dataset"], wanted)


def test_count__by_what_is_no_column(filled: FeatureStore) -> None:
    with pytest.raises(StoreError, match="not by reason"):
        filled.count(["reason"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "strange",
    ["", "xyz", "A" * 32, name(1)[:-1], name(1) + "0", "'" * 32, f"{name(1)}\n", "\ud800"],
)
def test_sample_ids__that_are_none(filled: FeatureStore, strange: str) -> None:
    with pytest.raises(StoreError, match="sample id"):
        filled.select(Query(sample_ids=(name(1), strange)))
    with pytest.raises(StoreError, match="sample id"):
        filled.locate(POOLED.key, [strange])
    with pytest.raises(StoreError, match="sample id"):
        filled.plan([name(1), strange], [POOLED.key])
    with pytest.raises(StoreError, match="sample id"):
        filled.failures([strange])


@pytest.mark.parametrize(
    "dataset", ["", ".hidden", "-x", "a/b", "a b", "a'b", "ü", "..", "a\n", "x" * 97]
)
def test_list_dataset__name_that_cannot_be(
    store: FeatureStore, tmp_path: Path, dataset: str
) -> None:
    with pytest.raises(StoreError, match="cannot name a dataset"):
        store.list_dataset(dataset, "1", tmp_path / "samples.parquet")
