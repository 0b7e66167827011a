from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archive_files import png, write_parquet

from mintcore.datasets import parquet_images
from mintcore.datasets.reading import read_pixels
from mintcore.datasets.sample import Sample
from mintcore.datasets.sources import parse_source
from mintcore.errors import MintError


def read(location: Path) -> list[Sample]:
    return list(parse_source(f"parquet:{location}").samples())


def greys(samples: list[Sample]) -> list[int]:
    return [int(read_pixels(sample.uri)[0, 0, 0]) for sample in samples]


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(parquet_images, "WINDOW_BYTES", 3 * len(png(1)))
    monkeypatch.setattr(parquet_images, "_WINDOWS", parquet_images._Windows(8 * len(png(1))))
    yield
    parquet_images._cached_column.cache_clear()


def test_samples__scalars_are_the_columns(tmp_path: Path) -> None:
    write_parquet(
        tmp_path / "a.parquet",
        [png(1), png(2)],
        label=[3, None],
        identity=["anna", "bob"],
        score=[0.5, 1.0],
        box=[[1, 2], [3]],
    )
    first, second = read(tmp_path / "a.parquet")
    assert first.columns == {"label": "3", "identity": "anna", "score": "0.5", "split": None}
    assert (second.uri, second.label) == (f"{tmp_path}/a.parquet#1", None)


@pytest.mark.parametrize("name", ["image", "bytes", "jpg", "png", "picture"])
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_samples__column_of_bytes(tmp_path: Path, name: str, kind: pa.DataType) -> None:
    table = pa.table({"label": [1], name: pa.array([png(7)], kind)})
    pq.write_table(table, tmp_path / "a.parquet")
    assert greys(read(tmp_path / "a.parquet")) == [7]


def test_samples__image_goes_before_other_bytes(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [png(7)], mask=[b"x"], jpg=[b"y"])
    assert greys(read(tmp_path / "a.parquet")) == [7]


def test_samples__two_unusual_columns_of_bytes_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"left": [b"x"], "right": [b"y"]}), tmp_path / "a.parquet")
    with pytest.raises(
        MintError, match=r"has 2 columns of image bytes .*left, right.* name the one"
    ):
        read(tmp_path / "a.parquet")


def test_samples__without_bytes_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"path": ["a.png"]}), tmp_path / "a.parquet")
    with pytest.raises(MintError, match="has no columns of image bytes"):
        read(tmp_path / "a.parquet")


def test_samples__images_alone_need_no_other_column(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [png(1), png(2), png(3)])
    assert greys(read(tmp_path / "a.parquet")) == [1, 2, 3]


def test_samples__folder_takes_its_files_in_order_and_their_split(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train-00001-of-00002.parquet", [png(3)])
    write_parquet(tmp_path / "train-00000-of-00002.parquet", [png(1), png(2)])
    write_parquet(tmp_path / "test-00000-of-00001-0123abcd.parquet", [png(9)])
    samples = read(tmp_path)
    assert greys(samples) == [9, 1, 2, 3]
    assert [sample.split for sample in samples] == ["test", "train", "train", "train"]


def test_samples__column_of_the_file_goes_before_its_name(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train-00000-of-00001.parquet", [png(1)], split=["dev"])
    assert [sample.split for sample in read(tmp_path)] == ["dev"]


def test_samples__file_of_another_kind_is_named(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [png(1)], label=[1])
    write_parquet(tmp_path / "b.parquet", [png(1)])
    with pytest.raises(MintError, match=r"b\.parquet has no column 'label', which the first file"):
        read(tmp_path)


def test_samples__not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"not parquet" * 100)
    with pytest.raises(MintError, match=r"a\.parquet is not a readable Parquet file"):
        read(tmp_path / "a.parquet")


def test_samples__empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"has no \.parquet file"):
        read(tmp_path)


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("order", [range(20), range(19, -1, -1), [7, 19, 0, 8, 8, 3, 12, 1]])
def test_read_pixels__rows_in_any_order_over_groups_and_windows(
    tmp_path: Path, order: list[int]
) -> None:
    file = write_parquet(tmp_path / "a.parquet", [png(n) for n in range(20)], rows_a_group=8)
    found = [int(read_pixels(f"{file}#{row}")[0, 0, 0]) for row in order]
    assert found == list(order)


@pytest.mark.usefixtures("small_windows")
def test_read_pixels__kept_windows_are_bounded(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "a.parquet", [png(n) for n in range(60)], rows_a_group=50)
    for row in range(60):
        read_pixels(f"{file}#{row}")
    kept = parquet_images._WINDOWS._kept.values()
    assert 0 < sum(window.nbytes for window in kept) <= 8 * len(png(1))
    assert max(len(window) for window in kept) <= 3


def test_read_pixels__missing_row_is_named(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "a.parquet", [png(1)])
    with pytest.raises(MintError, match=r"a\.parquet holds 1 rows, so there is no row 1"):
        read_pixels(f"{file}#1")


@pytest.mark.parametrize("content", [None, b""])
def test_read_pixels__row_without_bytes_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = write_parquet(tmp_path / "a.parquet", [png(1), content])
    with pytest.raises(MintError, match=r"a\.parquet#1 is empty"):
        read_pixels(f"{file}#1")


def test_read_pixels__damaged_pages_are_named(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "a.parquet", [png(n) for n in range(50)])
    content = bytearray(file.read_bytes())
    content[4:400] = b"\xff" * 396
    file.write_bytes(content)
    with pytest.raises(MintError, match=r"Row 3 of .*a\.parquet cannot be read"):
        read_pixels(f"{file}#3")


def test_read_pixels__replaced_file_is_read_anew(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "a.parquet", [png(1)])
    assert greys(read(file)) == [1]
    write_parquet(tmp_path / "b.parquet", [png(2), png(3)]).replace(file)
    assert greys(read(file)) == [2, 3]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([b"\xff"]).view(pa.string()),
        pa.array([2**61], pa.timestamp("ms")),  # long after the year 9999
    ],
)
def test_samples__value_that_is_none_is_named(tmp_path: Path, column: pa.Array) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": pa.array([png(1)]), "label": column}), file)
    with pytest.raises(MintError, match=r"a\.parquet is damaged"):
        read(file)
    pq.write_table(pa.table({"path": ["a.png"], "label": column}), file)
    with pytest.raises(MintError, match=r"a\.parquet is damaged"):
        list(parse_source(f"manifest:{file}").samples())
