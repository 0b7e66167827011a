from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import StoreError
from store.sample_groups import sample_groups, sample_row
from store.samples import LOOKS_SCHEMA, SAMPLES_SCHEMA

ROWS = [
    {"sample_id": f"{i:032x}", "uri": f"{i}.png", "membership": "member", "status": "ok"}
    for i in range(10)
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Ten rows in groups of four."""
    pq.write_table(
        pa.Table.from_pylist(ROWS, LOOKS_SCHEMA), tmp_path / "s.parquet", row_group_size=4
    )
    return tmp_path / "s.parquet"


def test_sample_groups__all_rows_in_order(file: Path) -> None:
    groups = [group.read(["sample_id"]).column(0).to_pylist() for group in sample_groups(file)]
    assert [len(ids) for ids in groups] == [4, 4, 2]
    assert [name for ids in groups for name in ids] == [row["sample_id"] for row in ROWS]


def test_sample_groups__rows_by_position(file: Path) -> None:
    found = [[row["uri"] for row in group.rows(np.array([0, 1]))] for group in sample_groups(file)]
    assert found == [["0.png", "1.png"], ["4.png", "5.png"], ["8.png", "9.png"]]


def test_sample_groups__columns_of_later_versions_are_null(tmp_path: Path) -> None:
    old = pa.schema([field for field in SAMPLES_SCHEMA if field.name != "perceptual"])
    pq.write_table(pa.Table.from_pylist(ROWS, old), tmp_path / "old.parquet")
    (table,) = (
        group.read(["perceptual", "sample_id"]) for group in sample_groups(tmp_path / "old.parquet")
    )
    assert table.column_names == ["perceptual", "sample_id"]
    assert table.column("perceptual").null_count == 10


@pytest.mark.parametrize("position", [0, 3, 4, 9])
def test_sample_row__is_the_one_asked_for(file: Path, position: int) -> None:
    assert sample_row(file, position)["uri"] == f"{position}.png"


def test_sample_row__beyond_the_last_is_refused(file: Path) -> None:
    with pytest.raises(StoreError, match="has 10 images: there is none with number 11"):
        sample_row(file, 10)


def test_sample_groups__damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match="not a readable samples table"):
        next(sample_groups(tmp_path / "bad.parquet"))
