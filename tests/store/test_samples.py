from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import StoreError
from store.samples import (
    LOOKS_SCHEMA,
    SAMPLES_SCHEMA,
    SamplesWriter,
    count_samples,
    image_sizes,
    repeated_samples,
    select_samples,
    shared_samples,
)

A, B, C, D = (letter * 32 for letter in "abcd")


def sample(sample_id: str, uri: str, **fields: str) -> dict[str, str | None]:
    return {"sample_id": sample_id, "uri": uri, "membership": "member", "status": "ok"} | fields


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """D, A, a repeat of A as external, B that failed, C."""
    file = tmp_path / "samples.parquet"
    with SamplesWriter(file) as writer:
        writer.append(
            [
                sample(D, "0.png", label="cat", identity="ann", split="train"),
                sample(A, "1.png", label="dog", identity="ann"),
            ]
        )
        writer.append(
            [
                sample(A, "2.png", membership="external", label="dog"),
                sample(B, "3.png", status="unreadable", reason="truncated"),
                sample(C, "4.png", membership="external", label="cat", identity="bob"),
            ]
        )
    return file


def uris(table: Path, **choices: object) -> list[str]:
    return select_samples(table, **choices).column("uri").to_pylist()  # type: ignore[arg-type]


def test_samples_writer__rows_and_schema(table: Path) -> None:
    rows = pq.read_table(table)

    assert rows.schema.equals(LOOKS_SCHEMA)
    assert rows.to_pylist()[0] == {
        "sample_id": D,
        "uri": "0.png",
        "membership": "member",
        "label": "cat",
        "identity": "ann",
        "split": "train",
        "status": "ok",
        "reason": None,
        "width": None,
        "height": None,
        "perceptual": None,
        "spectrum": None,
    }


def test_samples_writer__memory_is_one_row_group(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("store.samples.ROW_GROUP_ROWS", 100)
    file = tmp_path / "samples.parquet"
    with SamplesWriter(file) as writer:
        for batch in range(25):
            writer.append([sample(f"{batch * 10 + i:032x}", f"{i}.png") for i in range(10)])

    footer = pq.read_metadata(file)
    groups = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    assert groups == [100, 100, 50]


def test_samples_writer__empty_table(tmp_path: Path) -> None:
    with SamplesWriter(tmp_path / "samples.parquet"):
        pass

    assert count_samples(tmp_path / "samples.parquet")["total"] == 0
    assert select_samples(tmp_path / "samples.parquet").num_rows == 0


def write_badly(file: Path, row: dict[str, str | None]) -> None:
    with SamplesWriter(file) as writer:
        writer.append([row])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (sample(A, "a.png", colour="red"), "unknown column 'colour'"),
        ({"sample_id": A, "membership": "member", "status": "ok"}, "has no uri"),
        (sample(A, "a.png") | {"membership": None}, "has no membership"),
    ],
)
def test_samples_writer__bad_row(tmp_path: Path, row: dict[str, str | None], message: str) -> None:
    with pytest.raises(StoreError, match=message):
        write_badly(tmp_path / "samples.parquet", row)

    assert list(tmp_path.iterdir()) == []


def test_count_samples__by_membership_and_status(table: Path) -> None:
    assert count_samples(table) == {
        "total": 5,
        "membership": {"external": 2, "member": 3},
        "status": {"ok": 4, "unreadable": 1},
        "labels": 2,
        "identities": 2,
        "duplicates": 1,
    }


def test_select_samples__good_ones_in_file_order(table: Path) -> None:
    selected = select_samples(table)

    assert selected.schema.equals(SAMPLES_SCHEMA)
    assert selected.column("uri").to_pylist() == ["0.png", "1.png", "4.png"]


def test_select_samples__any_status(table: Path) -> None:
    assert uris(table, status=None) == ["0.png", "1.png", "3.png", "4.png"]


def test_select_samples__a_member_listed_again_is_not_external(table: Path) -> None:
    assert uris(table, membership="external") == ["4.png"]
    assert uris(table, membership="member") == ["0.png", "1.png"]


def test_select_samples__by_id(table: Path) -> None:
    assert uris(table, sample_ids=[C, D, "f" * 32, C]) == ["0.png", "4.png"]
    assert uris(table, sample_ids=[]) == []


def test_select_samples__pages(table: Path) -> None:
    assert uris(table, limit=2) == ["0.png", "1.png"]
    assert uris(table, limit=2, offset=2) == ["4.png"]
    assert uris(table, limit=0) == []


def test_select_samples__values_are_bound(table: Path) -> None:
    assert uris(table, membership="member' OR '1'='1") == []


def test_select_samples__many_rows_keep_their_order(tmp_path: Path) -> None:
    with SamplesWriter(tmp_path / "many.parquet") as writer:
        writer.append([sample(f"{n * 7919 % 200_003:032x}", str(n)) for n in range(200_000)])

    assert uris(tmp_path / "many.parquet") == [str(n) for n in range(200_000)]


def test_shared_samples__both_sides_in_the_order_of_the_first(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    with SamplesWriter(other) as writer:
        writer.append([sample(n, f"other/{n[0]}") for n in (A, "e" * 32, D, A, B)])

    shared = shared_samples(table, other, limit=2).to_pylist()

    assert [(row["uri_a"], row["uri_b"]) for row in shared] == [
        ("0.png", "other/d"),
        ("1.png", "other/a"),
    ]
    assert shared[0]["sample_id"] == D
    assert (shared[0]["membership_a"], shared[0]["membership_b"]) == ("member", "member")
    assert shared_samples(table, other, limit=None).num_rows == 2, "B cannot be read"


def test_repeated_samples__each_later_row_beside_the_first(table: Path) -> None:
    (repeated,) = repeated_samples(table, limit=None).to_pylist()

    assert (repeated["uri_a"], repeated["uri_b"]) == ("1.png", "2.png")
    assert (repeated["membership_a"], repeated["membership_b"]) == ("member", "external")


def test_select_samples__looks_are_read_by_name_only(tmp_path: Path) -> None:
    file = tmp_path / "samples.parquet"
    look = {"perceptual": 2**64 - 1, "spectrum": bytes(range(128)), "width": 3, "height": 5}
    with SamplesWriter(file) as writer:
        writer.append([sample(A, "0.png") | look])

    (row,) = select_samples(file, schema=LOOKS_SCHEMA).to_pylist()

    assert {name: row[name] for name in look} == look
    assert "spectrum" not in select_samples(file).column_names


def test_select_samples__table_of_an_earlier_version_lacks_sizes_and_looks(tmp_path: Path) -> None:
    file = tmp_path / "samples.parquet"
    earlier = pa.schema(list(SAMPLES_SCHEMA)[:8])
    pq.write_table(pa.Table.from_pylist([sample(A, "0.png")], earlier), file)

    (row,) = select_samples(file, schema=LOOKS_SCHEMA).to_pylist()

    assert row["uri"] == "0.png"
    assert [row[name] for name in LOOKS_SCHEMA.names[8:]] == [None] * 4
    assert shared_samples(file, file, limit=1).num_rows == 1
    assert image_sizes(file)["sizes"] == 0


def test_image_sizes__least_most_and_how_many(tmp_path: Path) -> None:
    file = tmp_path / "samples.parquet"
    sizes = [(30, 20), (10, 40), (30, 20)]
    with SamplesWriter(file) as writer:
        for number, (width, height) in enumerate(sizes):
            row: dict[str, object] = {"width": width, "height": height}
            writer.append([sample(f"{number:032x}", f"{number}.png") | row])  # type: ignore[list-item]

    assert image_sizes(file) == {
        "least_width": 10,
        "most_width": 30,
        "least_height": 20,
        "most_height": 40,
        "sizes": 2,
    }


@pytest.mark.parametrize("content", [None, b"", b"not parquet at all"])
def test_queries__absent_or_damaged_file(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "samples.parquet"
    if content is not None:
        file.write_bytes(content)

    for query in (count_samples, select_samples, lambda f: shared_samples(f, f, 1)):
        with pytest.raises(StoreError, match=f"{file} is not a readable samples table"):
            query(file)


def test_queries__parquet_of_somebody_else(tmp_path: Path) -> None:
    file = tmp_path / "samples.parquet"
    pq.write_table(pa.table({"image": ["a.png"]}), file)

    with pytest.raises(StoreError, match="is not a readable samples table"):
        select_samples(file)
