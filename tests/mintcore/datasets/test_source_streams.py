"""What every source holds to: little memory, the same order every time, many threads at once."""

import random
import struct
import sys
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pytest
from archive_files import image_record, png, write_parquet, write_records, write_tar

from mintcore.datasets.reading import read_pixels
from mintcore.datasets.sources import parse_source

COUNT = 50_000

Many = Callable[[Path], str]


def many_in_tar(folder: Path) -> str:
    member = tarfile.TarInfo("0.png")
    block = member.tobuf(tarfile.USTAR_FORMAT)
    with (folder / "a.tar").open("wb") as handle:
        for number in range(COUNT):
            named = f"{number:07d}.png".encode().ljust(100, b"\0") + block[100:148]
            total = sum(named) + 8 * 32 + sum(block[156:])
            handle.write(named + b"%06o\0 " % total + block[156:])
        handle.write(bytes(1024))
    return f"webdataset:{folder / 'a.tar'}"


def many_in_records(folder: Path) -> str:
    with (folder / "a.rec").open("wb") as handle, (folder / "a.idx").open("w") as index:
        record = image_record(1, 0.0, b"abcd")
        for number in range(COUNT):
            index.write(f"{number + 1}\t{number * len(record)}\n")
            handle.write(record[:16] + struct.pack("<Q", number + 1) + record[24:])
    return f"recordio:{folder / 'a.rec'}"


def many_in_records_without_index(folder: Path) -> str:
    spec = many_in_records(folder)
    (folder / "a.idx").unlink()
    return spec


def many_in_parquet(folder: Path) -> str:
    file = write_parquet(folder / "a.parquet", [b"x"] * COUNT, label=list(range(COUNT)))
    return f"parquet:{file}"


@pytest.mark.parametrize(
    "write", [many_in_tar, many_in_records, many_in_records_without_index, many_in_parquet]
)
def test_samples__memory_does_not_grow_with_the_dataset(tmp_path: Path, write: Many) -> None:
    samples = parse_source(write(tmp_path)).samples()
    assert sum(1 for _ in islice(samples, 2_000)) == 2_000
    blocks, arrow_bytes = sys.getallocatedblocks(), pa.total_allocated_bytes()
    assert sum(1 for _ in islice(samples, COUNT - 4_000)) == COUNT - 4_000
    # A list of the 46,000 samples between would hold two blocks or more of each.
    assert sys.getallocatedblocks() - blocks < 10_000
    assert pa.total_allocated_bytes() - arrow_bytes < 1_000_000
    assert sum(1 for _ in samples) == 2_000


def few(folder: Path) -> list[str]:
    images = {number: png(number) for number in range(60)}
    write_tar(folder / "a.tar", {f"{number}.png": image for number, image in images.items()})
    write_records(folder / "a.rec", [(n + 1, 0.0, image) for n, image in images.items()])
    write_parquet(folder / "a.parquet", list(images.values()), rows_a_group=7)
    return [f"webdataset:{folder}/a.tar", f"recordio:{folder}/a.rec", f"parquet:{folder}/a.parquet"]


def test_samples__same_order_every_time(tmp_path: Path) -> None:
    for spec in few(tmp_path):
        source = parse_source(spec)
        assert list(source.samples()) == list(source.samples())
        assert parse_source(source.spec) == source


def test_read_pixels__many_threads_read_the_right_image(tmp_path: Path) -> None:
    asked = [
        (number, sample.uri)
        for spec in few(tmp_path)
        for number, sample in enumerate(parse_source(spec).samples())
    ] * 5
    random.Random(0).shuffle(asked)
    with ThreadPoolExecutor(16) as pool:
        pixels = list(pool.map(lambda one: read_pixels(one[1]), asked))
    assert [int(image[0, 0, 0]) for image in pixels] == [number for number, _ in asked]


def test_read_pixels__open_files_are_bounded(tmp_path: Path) -> None:
    image = png(1)
    uris = []
    for number in range(40):
        tar = write_tar(tmp_path / f"{number:02d}.tar", {"1.png": image})
        rec = write_records(tmp_path / f"{number:02d}.rec", [(1, 0.0, image)])
        table = write_parquet(tmp_path / f"{number:02d}.parquet", [image])
        for spec in (f"webdataset:{tar}", f"recordio:{rec}", f"parquet:{table}"):
            uris += [sample.uri for sample in parse_source(spec).samples()]
    assert all(np.all(read_pixels(uri) == 1) for uri in uris)
    opened = [file for file in psutil.Process().open_files() if str(tmp_path) in file.path]
    assert len(opened) <= 8
