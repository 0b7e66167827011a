"""Archives that are made to unpack to far more than they are, or whose parts are not what they say."""

import io
import json
import struct
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from archive_files import png, write_tar

from mintcore.datasets.arrays import open_images
from mintcore.datasets.reading import read_pixels
from mintcore.datasets.sample import Sample
from mintcore.datasets.sources import parse_source
from mintcore.datasets.uris import zip_uri
from mintcore.errors import MintError
from mintcore.models.programs.archive import read_archive
from mintcore.models.weights import load_weights


def read(kind: str, file: Path) -> list[Sample]:
    return list(parse_source(f"{kind}:{file}").samples())


def overlapping(file: Path, entries: int) -> Path:
    """Write a zip whose entries are all the same bytes, as David Fifield's bombs have them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(2**20))
    content = packed.getvalue()
    start, end = content.rfind(b"PK\1\2"), content.rfind(b"PK\5\6")
    listed = content[start:end] * entries
    mark = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, len(listed), start, 0)
    file.write_bytes(content[:start] + listed + mark)
    return file


def test_zip__entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="has entries that lie over each other"):
        read("zip", overlapping(tmp_path / "a.zip", 1000))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip__methods_that_unpack_without_bound_are_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("a.png", png(1))
    with pytest.raises(MintError, match=r"'a\.png' in .* is packed by another method"):
        read("zip", tmp_path / "a.zip")
    with pytest.raises(MintError, match="is packed by another method"):
        read_pixels(zip_uri(tmp_path / "a.zip", 0, "a.png"))


def write_empty_entries(file: Path, count: int) -> None:
    """Write a zip of so many entries without content, in Zip64 where the old format ends (APPNOTE 4.3)."""
    local, listed, place = bytearray(), bytearray(), 0
    for number in range(count):
        name = b"%d.png" % number
        fields = (20, 0, 0, 0, 0, 0, 0, 0, len(name), 0)
        listed += struct.pack("<4sH5H3L5H2L", b"PK\1\2", 20, *fields, 0, 0, 0, 0, place) + name
        local += struct.pack("<4s5H3L2H", b"PK\3\4", *fields) + name
        place = len(local)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(listed), place)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, place + len(listed), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65_535, 65_535, len(listed), place, 0)
    file.write_bytes(local + listed + end64 + locator + end)


def test_zip__a_hundred_thousand_entries_are_listed_in_seconds(tmp_path: Path) -> None:
    write_empty_entries(tmp_path / "a.zip", 100_000)
    start = time.monotonic()
    assert sum(1 for _ in parse_source(f"zip:{tmp_path / 'a.zip'}").samples()) == 100_000
    assert time.monotonic() - start < 60


def test_zip__a_list_of_entries_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_empty_entries(tmp_path / "a.zip", 50_000)
    monkeypatch.setenv("MINT_ZIP_ENTRIES", "100")
    tracemalloc.start()
    with pytest.raises(MintError, match="it has more than 100 entries"):
        read("zip", tmp_path / "a.zip")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 10 * 2**20  # of which the list itself is 3; as objects it would be 35


@pytest.mark.parametrize("kind", ["arrays", "weights", "program"])
def test_parts__of_other_zips_are_counted(tmp_path: Path, kind: str) -> None:
    file = tmp_path / ("a.npz" if kind == "arrays" else "a.pt2")
    write_empty_entries(file, 101_000)
    with pytest.raises(MintError, match="it has more than 100,000 entries"):
        {"arrays": open_images, "weights": load_weights, "program": read_archive}[kind](file)


def test_zip__a_zip_in_a_zip_is_left_packed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inside.zip", overlapping(tmp_path / "b.zip", 10).read_bytes())
        archive.writestr("a.png", png(1))
    assert len(read("zip", tmp_path / "a.zip")) == 1


def npz(file: Path, header: str, content: bytes = bytes(64)) -> Path:
    """Write an array file whose images have a header of one's own."""
    text = header.encode() + b"\n"
    with zipfile.ZipFile(file, "w") as archive:
        start = b"\x93NUMPY\1\0" + struct.pack("<H", len(text))
        archive.writestr("images.npy", start + text + content)
    return file


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000000, 9, 9)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 2, 2)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (True, 2, 2)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2)} )",
        "{b'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2)}",
        "__import__('os').system('false')",
        "(" * 5000,
        "[" + "-" * 9000 + "1]",
        "\0",
    ],
)
def test_arrays__hostile_header_is_one_sentence(tmp_path: Path, header: str) -> None:
    with pytest.raises(MintError, match=r"'images' in .* cannot be read"):
        read("arrays", npz(tmp_path / "a.npz", header))


@pytest.mark.parametrize("half", [0xD800, 0x7FFFFFFF])
def test_arrays__label_of_what_are_no_characters(tmp_path: Path, half: int) -> None:
    label = np.array([half], np.uint32).view("<U1")
    np.savez(tmp_path / "a.npz", images=np.zeros((1, 2, 2), np.uint8), label=label)
    with pytest.raises(MintError, match="a label or another value that is no text"):
        read("arrays", tmp_path / "a.npz")


def test_arrays__methods_that_unpack_without_bound_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_BZIP2) as archive:
        packed = io.BytesIO()
        np.save(packed, np.zeros((1, 2, 2), np.uint8))
        archive.writestr("images.npy", packed.getvalue())
    with pytest.raises(MintError, match="is packed in an unusual way"):
        read("arrays", tmp_path / "a.npz")


@pytest.mark.filterwarnings(
    "ignore:invalid escape sequence"
)  # NumPy reads headers as Python literals
def test_arrays__damage_raises_nothing_else(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 2, 2), np.uint8), label=np.array(["a", "b"]))
    whole, rng = (tmp_path / "a.npz").read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(600):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), rng.integers(1, 7)):
            content[place] = rng.integers(256)
        (tmp_path / "a.npz").write_bytes(content)
        try:
            for sample in read("arrays", tmp_path / "a.npz"):
                read_pixels(sample.uri)
        except MintError:
            refused += 1
    assert refused > 100


def extended_header(first_key: int, keys: int) -> bytes:
    """Write an extended header of a tar, of which no member follows."""
    header = tarfile.TarInfo("pax")
    header.pax_headers = {f"key-{first_key + number:08d}": "x" for number in range(keys)}
    whole = header.tobuf(tarfile.PAX_FORMAT)
    return whole[: -tarfile.BLOCKSIZE]


def test_tar__extended_headers_do_not_pile_up(tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("wb") as handle:
        for number in range(10):
            handle.write(extended_header(10_000 * number, 10_000))
        handle.write(tarfile.TarInfo("a.png").tobuf() + bytes(2 * tarfile.BLOCKSIZE))
    tracemalloc.start()
    (sample,) = read("webdataset", tmp_path / "a.tar")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sample.columns == {"key": "a"}
    assert peak_bytes < 4 * 2**20  # one header is 0.3; all keys of all headers would be 15


def test_tar__more_columns_than_anything_has_are_refused(tmp_path: Path) -> None:
    said = json.dumps(dict.fromkeys(map(str, range(5000)), 1)).encode()
    write_tar(tmp_path / "a.tar", {"a.png": png(1), "a.json": said})
    with pytest.raises(MintError, match="has 5,001 columns"):
        read("webdataset", tmp_path / "a.tar")
