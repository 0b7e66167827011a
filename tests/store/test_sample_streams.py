from collections.abc import Sequence
from pathlib import Path

import pytest

from store.errors import StoreError
from store.sample_streams import distinct_samples
from store.samples import SamplesWriter


def write(file: Path, ids: Sequence[str], status: str = "ok") -> Path:
    with SamplesWriter(file) as writer:
        writer.append(
            [
                {
                    "sample_id": sample_id,
                    "uri": f"{file.stem}/{sample_id}",
                    "membership": "unknown",
                    "label": sample_id[-1],
                    "status": status,
                }
                for sample_id in ids
            ]
        )
    return file


def numbered(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


def test_distinct_samples__every_image_once_in_the_order_of_files(tmp_path: Path) -> None:
    one = write(tmp_path / "one.parquet", ["c", "a", "c"])
    other = write(tmp_path / "other.parquet", ["b", "a"])

    with distinct_samples([one, other]) as stream:
        (window,) = stream.windows(10)

    assert window.to_pydict() == {
        "sample_id": ["c", "a", "b"],
        "uri": ["one/c", "one/a", "other/b"],
        "label": ["c", "a", "b"],
    }


def test_distinct_samples__unreadable_images_are_left_out(tmp_path: Path) -> None:
    with distinct_samples([write(tmp_path / "a.parquet", ["a"], status="unreadable")]) as stream:
        assert stream.count == 0
        assert list(stream.windows(10)) == []


def test_windows__are_whole_but_for_the_last_one_and_can_be_had_again(tmp_path: Path) -> None:
    ids = numbered(150_000)  # more than a row group of the list
    with distinct_samples([write(tmp_path / "a.parquet", ids)]) as stream:
        first = [window.column("sample_id").to_pylist() for window in stream.windows(65_536)]
        again = [window.num_rows for window in stream.windows(100_000)]

    assert [len(window) for window in first] == [65_536, 65_536, 18_928]
    assert [sample_id for window in first for sample_id in window] == ids
    assert again == [100_000, 50_000]
    assert stream.count == 150_000


def test_distinct_samples__leaves_no_file(tmp_path: Path) -> None:
    with distinct_samples([write(tmp_path / "a.parquet", ["a"])]) as stream:
        assert stream.file.exists()
    assert not stream.file.parent.exists()


def test_distinct_samples__a_damaged_table_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(b"PAR1 is not enough")
    with (
        pytest.raises(StoreError, match=r"damaged\.parquet cannot be listed"),
        distinct_samples([damaged]),
    ):
        pass
