from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintcore.datasets.ledger import ledger_file, read_ledger
from mintcore.errors import MintError
from store.artefacts import Home, write_card

A, B = "a" * 32, "b" * 32


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def test_read_ledger__text_of_ids_and_paths(tmp_path: Path) -> None:
    ledger = read_ledger(written(tmp_path / "list.txt", f"{A}\n\n./cats/1.png\n/data/2.png\n"))
    assert ledger.sample_ids == {A}
    assert ledger.entries == 3
    assert ledger.names_image("/somewhere/cats/1.png")
    assert ledger.names_image("/data/2.png")
    assert not ledger.names_image("/somewhere/dogs/1.png")
    assert not ledger.names_image("/somewhere/tomcats/1.png")


def test_read_ledger__path_beside_the_ledgers_folder(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    ledger = read_ledger(written(tmp_path / "lists" / "list.txt", "../images/1.png"))
    assert ledger.names_image(f"{tmp_path}/images/1.png")


def test_read_ledger__image_inside_another_file(tmp_path: Path) -> None:
    ledger = read_ledger(written(tmp_path / "list.txt", "cifar.npz#17"))
    assert ledger.names_image("/data/cifar.npz#17")
    assert not ledger.names_image("/data/cifar.npz#1")


@pytest.mark.parametrize("column", ["sample_id", "uri", "path", "name"])
def test_read_ledger__csv_columns(tmp_path: Path, column: str) -> None:
    ledger = read_ledger(written(tmp_path / "l.csv", f"epoch,{column}\n1,{A}\n2,x.png\n"))
    assert ledger.sample_ids == {A}
    assert ledger.names == {"x.png"}


def test_read_ledger__rows_never_seen_are_left_out(tmp_path: Path) -> None:
    rows = {"sample_id": [A, B], "times_seen": pa.array([3, 0], pa.int64())}
    rows["trained_as"] = ["x", "y"]
    pq.write_table(pa.table(rows), tmp_path / "ledger.parquet")
    assert read_ledger(tmp_path / "ledger.parquet").sample_ids == {A}
    csv_file = written(tmp_path / "l.csv", f"sample_id,times_seen\n{A},2\n{B},0\n")
    assert read_ledger(csv_file).sample_ids == {A}


def test_names_image__a_name_of_two_images_is_refused(tmp_path: Path) -> None:
    ledger = read_ledger(written(tmp_path / "list.txt", "1.png"))
    assert ledger.names_image("/cats/1.png")
    assert ledger.names_image("/cats/1.png"), "the same image may be asked for again"
    with pytest.raises(MintError, match=r"names both /cats/1\.png and /dogs/1\.png"):
        ledger.names_image("/dogs/1.png")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("l.txt", b"\n \n", "lists no training image"),
        ("l.txt", b"\xff\xfe\xff", "is not a readable ledger"),
        ("l.csv", b"image\nx.png\n", "has no column sample_id, uri, path or name"),
        ("l.csv", b"sample_id,times_seen\nx.png,often\n", "is not a readable ledger"),
        ("l.parquet", b"no parquet", "is not a readable Parquet file"),
    ],
)
def test_read_ledger__bad_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MintError, match=message):
        read_ledger(tmp_path / name)


def test_ledger_file__of_a_model(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name, trained in (("trained", True), ("brought", False)):
        with home.publishing("models", name) as folder:
            write_card(folder, "models", name)
            if trained:
                (folder / "ledger.parquet").write_bytes(b"")
    assert ledger_file(home, "model:trained") == home.folder("models", "trained") / "ledger.parquet"
    with pytest.raises(MintError, match="'brought' has no ledger"):
        ledger_file(home, "model:brought")


def test_ledger_file__absent(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"none\.txt is not a file"):
        ledger_file(Home(tmp_path), str(tmp_path / "none.txt"))


def test_read_ledger__table_without_a_known_column_and_with_too_many_values(tmp_path: Path) -> None:
    file = written(tmp_path / "list.csv", "file\na.png,b.png\n")
    with pytest.raises(MintError, match=r"list\.csv has no column .* \(it has file\)"):
        read_ledger(file)
