"""Tables of images that are made to take all memory, to end the process, or to mean something else elsewhere."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archive_files import png, write_parquet

from mintcore.datasets.csv_rows import MOST_ROW_CHARACTERS
from mintcore.datasets.ledger import read_ledger
from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.datasets.sources import Sample, parse_source
from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.spreadsheets import csv_bytes
from store.artefacts import Home

ODD_TEXTS = [
    "'; DROP TABLE samples; --",
    "%s %(name)s {name} {0.__class__}",
    '=HYPERLINK("http://x.test")',
    "<script>alert(1)</script>",
    "a\0b",
    "\u202egnp.exe",
    "\u200b",
    "аpple",
    "../../etc/passwd",
    "con",
    "line\nbreak",
    "x" * 300,
]


def read(file: Path) -> list[Sample]:
    return list(parse_source(f"manifest:{file}").samples())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"path\n" + b"a" * 3 * MOST_ROW_CHARACTERS, "row at line 2 .* has more than 1,048,576"),
        (b'path\n"' + b"a\n" * MOST_ROW_CHARACTERS, "has more than 1,048,576|field limit"),
        (b"path\n" + b'"\n",' * MOST_ROW_CHARACTERS, "has more than 1,048,576 characters"),
        (b"path" + b"," * 3 * MOST_ROW_CHARACTERS, "row at line 1 .* has more than 1,048,576"),
        (b"path" + b",x" * 5000 + b"\na.png", "has 5,001 columns: leave at most 4,096"),
        (b"path\n" + b"a" * 2**18, "field larger than field limit"),
        (gzip.compress(b"path\na.png\n", mtime=0), "is not a readable table"),
        ("path\na.png\n".encode("utf-16"), "is not a readable table"),
        ("path\né.png\n".encode() + b"\xe9.png\n", "is not a readable table"),
        (b"path\n\xed\xa0\x80.png\n", "is not a readable table"),
        (b",".join(b"column-%d" % n for n in range(999)), "column-19, 979 more"),
    ],
)
def test_manifest__hostile_csv_is_one_short_sentence(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(MintError, match=reason) as raised:
        read(tmp_path / "m.csv")
    assert len(str(raised.value)) < 1000


def test_manifest__endless_row_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "m.csv").open("wb") as handle:
        handle.write(b"path\n")
        handle.truncate(2**33)  # a hole of NULs, which takes no space
    tracemalloc.start()
    with pytest.raises(MintError, match="has more than 1,048,576 characters"):
        read(tmp_path / "m.csv")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 32 * 2**20


def test_manifest__many_blank_lines_are_no_row(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"path\n" + b"\n" * 2 * MOST_ROW_CHARACTERS + b"a.png\n")
    assert [sample.uri for sample in read(tmp_path / "m.csv")] == [str(tmp_path / "a.png")]


def test_manifest__short_and_long_rows(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"path,label\na.png\nb.png,cat,more\n")
    assert [sample.label for sample in read(tmp_path / "m.csv")] == [None, "cat"]


@pytest.mark.parametrize("kind", ["manifest", "parquet"])
def test_parquet__text_that_a_few_bytes_repeat_in_every_row(tmp_path: Path, kind: str) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10_000, np.int32)), ["a" * 10**6])
    column = "path" if kind == "manifest" else "label"
    table = pa.table({column: text, "image": [png(1)] * 10_000})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd", store_schema=False)
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    before = pa.total_allocated_bytes()
    with pytest.raises(MintError, match=f"value of 1,000,000 bytes in its column '{column}'"):
        next(parse_source(f"{kind}:{tmp_path / 'a.parquet'}").samples())
    assert pa.total_allocated_bytes() - before < 50 * 2**20
    with pytest.raises(MintError, match=r"value of 1,000,000 bytes|has no column"):
        read_ledger(tmp_path / "a.parquet")


def test_parquet__many_columns_are_refused(tmp_path: Path) -> None:
    columns = {f"c{number}": ["x"] for number in range(4097)}
    pq.write_table(pa.table({"path": ["a.png"], **columns}), tmp_path / "a.parquet")
    with pytest.raises(MintError, match="has 4,098 columns"):
        read(tmp_path / "a.parquet")


def test_parquet__two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.table([pa.array(["a"]), pa.array(["b"])], names=["path", "path"]), tmp_path / "a.parquet"
    )
    with pytest.raises(MintError, match="two columns of one name"):
        read(tmp_path / "a.parquet")


def test_parquet__damage_raises_nothing_else_and_ends_no_process(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "a.parquet", [png(1), png(2)], label=["a", "b"], n=[1, 2])
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(600):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), rng.integers(1, 7)):
            content[place] = rng.integers(256)
        file.write_bytes(content)
        try:
            for sample in parse_source(f"parquet:{file}").samples():
                read_pixels(sample.uri)
        except PERSON_ERRORS:
            refused += 1
    assert refused > 100


def test_add_dataset__odd_texts_are_texts_everywhere(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(len(ODD_TEXTS)):
        (folder / f"{number}.png").write_bytes(png(number))
    names = [f"{number}.png" for number in range(len(ODD_TEXTS))]
    table = pa.table({"path": names, "label": ODD_TEXTS, "identity": ODD_TEXTS})
    pq.write_table(table, folder / "m.parquet")
    home = Home(tmp_path / "home")
    add_dataset(home, "odd", f"manifest:{folder / 'm.parquet'}", "unknown")
    found = samples(home, "odd")
    assert found.column("label").to_pylist() == ODD_TEXTS
    assert found.column("identity").to_pylist() == ODD_TEXTS
    assert b"\"'=HYPERLINK(" in csv_bytes(found.to_pandas())


@pytest.mark.parametrize(
    "spec",
    [
        "folder:{long}",
        "manifest:{long}",
        "zip:{long}",
        "parquet:{long}",
        "webdataset:{long}",
        "folder:a\0b",
        "manifest:a\0b",
        "folder:~nobody-at-all/x",
        "zip:~nobody-at-all/x.zip",
        "manifest:/dev/zero",
        "{long}",
        "\ud800",
    ],
)
def test_parse_source__places_that_cannot_be(spec: str) -> None:
    with pytest.raises(MintError) as raised:
        parse_source(spec.format(long="a" * 5000))
    assert len(str(raised.value)) < 6000
