import inspect
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintcore.datasets.sources import Sample, parse_source
from mintcore.errors import MintError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def read(spec: str) -> list[Sample]:
    return list(parse_source(spec).samples())


def test_parse_source__unknown_kind_lists_the_kinds() -> None:
    with pytest.raises(MintError, match="give folder:DIR, manifest:FILE"):
        parse_source("rar:a.rar")


def test_parse_source__missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"gone\.npz is not a file"):
        parse_source(f"arrays:{tmp_path / 'gone.npz'}")


def test_parse_source__spec_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    assert parse_source("folder:in").spec == f"folder:{tmp_path / 'in'}"


def test_folder__sorted_and_labelled_by_the_folder_one_level_down(tmp_path: Path) -> None:
    touch(tmp_path, "dog/2.png", "cat/b.JPG", "cat/a.png", "0.png", "cat/kept/deep.png")
    found = [
        (Path(s.uri).relative_to(tmp_path).as_posix(), s.label) for s in read(f"folder:{tmp_path}")
    ]
    assert found == [
        ("0.png", None),
        ("cat/a.png", "cat"),
        ("cat/b.JPG", "cat"),
        ("cat/kept/deep.png", None),
        ("dog/2.png", "dog"),
    ]


def test_folder__other_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "labels.txt", ".b.png")
    assert [Path(sample.uri).name for sample in read(f"folder:{tmp_path}")] == ["a.png"]


def test_folder__too_deep_is_one_sentence(tmp_path: Path) -> None:
    Path(tmp_path, *["a"] * 200).mkdir(parents=True)
    deepest, before = (
        sys.version_info < (3, 12),
        sys.getrecursionlimit(),
    )  # os.walk calls itself until then
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        with pytest.raises(MintError, match="too many folders") if deepest else nullcontext():
            assert read(f"folder:{tmp_path}") == []
    finally:
        sys.setrecursionlimit(before)


def test_manifest__csv_paths_are_relative_to_it(tmp_path: Path) -> None:
    table = "path,label,identity,split,age\nx/a.png,cat,tom,train,3\n/abs/b.png,dog,,test,\n"
    (tmp_path / "m.csv").write_text(table)
    first, second = read(f"manifest:{tmp_path / 'm.csv'}")
    assert first.uri == str(tmp_path / "x/a.png")
    assert (first.label, first.identity, first.split, first.columns["age"]) == (
        "cat",
        "tom",
        "train",
        "3",
    )
    assert (second.uri, second.identity, second.columns["age"]) == ("/abs/b.png", None, None)


def test_manifest__byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"\xef\xbb\xbfpath\na.png\n")
    assert parse_source(f"manifest:{tmp_path / 'm.csv'}").columns == ("path",)


def test_manifest__rows_may_point_into_arrays(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("uri\nx.npz#3\n")
    assert read(f"manifest:{tmp_path / 'm.csv'}")[0].uri == f"{tmp_path}/x.npz#3"


def test_manifest__parquet_values_become_text(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"path": ["a.png", "b.png"], "label": [7, None]}), tmp_path / "m.parquet"
    )
    assert [s.label for s in read(f"manifest:{tmp_path / 'm.parquet'}")] == ["7", None]


def test_manifest__without_a_path_column_names_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("file,label\na.png,1\n")
    with pytest.raises(MintError, match=r"no column 'path' or 'uri' \(it has file, label\)"):
        parse_source(f"manifest:{tmp_path / 'm.csv'}")


def test_manifest__row_without_a_path_is_numbered(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,label\na.png,1\n,2\n")
    with pytest.raises(MintError, match=r"Row 2 of .*m\.csv has no path"):
        read(f"manifest:{tmp_path / 'm.csv'}")


@pytest.mark.parametrize("name", ["m.csv", "m.parquet"])
def test_manifest__binary_rubbish_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x81rubbish")
    with pytest.raises(MintError, match=r"is not a readable (table|Parquet file)"):
        parse_source(f"manifest:{tmp_path / name}")


def test_manifest__other_endings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.xlsx").write_bytes(b"")
    with pytest.raises(MintError, match=r"neither \.csv nor \.parquet"):
        parse_source(f"manifest:{tmp_path / 'm.xlsx'}")


def test_arrays__other_arrays_are_columns(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        images=np.zeros((2, 4, 4), np.uint8),
        label=np.array([3, 5]),
        track=np.array(["é1", "t2"]),
        member=np.array([True, False]),
        code=np.array([b"x", b"y"]),
    )
    second = read(f"arrays:{tmp_path / 'a.npz'}")[1]
    assert second.uri == f"{tmp_path}/a.npz#1"
    assert dict(second.columns) == {"label": "5", "track": "t2", "member": "False", "code": "y"}
