import struct
import zlib
from pathlib import Path

import pytest
from archive_files import MAGIC, Record, image_record, png, write_records

from mintcore.datasets.reading import read_pixels
from mintcore.datasets.sample import Sample
from mintcore.datasets.sources import parse_source
from mintcore.errors import MintError

# As face2rec2.py writes them: images with [class, aligned], then record 0 with [first identity,
# end], then the identities with the range of their images.
FACES: list[Record] = [
    (1, (0.0, 1.0), png(10)),
    (2, (0.0, 1.0), png(20)),
    (3, (7.0, 1.0), png(30)),
    (0, (4.0, 6.0), b""),
    (4, (1.0, 3.0), b""),
    (5, (3.0, 4.0), b""),
]


def read(file: Path) -> list[Sample]:
    return list(parse_source(f"recordio:{file}").samples())


def greys(samples: list[Sample]) -> list[int]:
    return [int(read_pixels(sample.uri)[0, 0, 0]) for sample in samples]


def test_samples__face_set_gives_the_person_as_label_and_identity(tmp_path: Path) -> None:
    samples = read(write_records(tmp_path / "train.rec", FACES))
    assert [(s.label, s.identity, s.columns["id"]) for s in samples] == [
        ("0", "0", "1"),
        ("0", "0", "2"),
        ("7", "7", "3"),
    ]
    assert greys(samples) == [10, 20, 30]


def test_samples__face_set_is_understood_without_its_index(tmp_path: Path) -> None:
    file = write_records(tmp_path / "train.rec", FACES)
    with_index = read(file)
    file.with_suffix(".idx").unlink()
    assert read(file) == with_index
    assert parse_source(f"recordio:{file}").columns == ("label", "identity", "id")


def test_samples__record_0_may_come_first(tmp_path: Path) -> None:
    file = write_records(tmp_path / "train.rec", [FACES[3], *FACES[:3], *FACES[4:]])
    assert greys(read(file)) == [10, 20, 30]


def test_samples__image_without_a_byte_is_kept_and_is_no_identity(tmp_path: Path) -> None:
    file = write_records(tmp_path / "train.rec", [FACES[0], (2, (0.0, 1.0), b""), *FACES[2:]])
    samples = read(file)
    assert [sample.columns["id"] for sample in samples] == ["1", "2", "3"]
    with pytest.raises(MintError, match=r"record at byte \d+ of .*train\.rec is empty"):
        read_pixels(samples[1].uri)


def test_samples__number_rounded_to_float32_still_tells_identities(tmp_path: Path) -> None:
    first = 2**24 + 3  # float32 has 2**24 + 2 and 2**24 + 4, and takes the second
    records: list[Record] = [
        (first - 1, (0.0, 1.0), png(1)),
        (0, (float(first), float(first + 1)), b""),
        (first, (1.0, 2.0), b""),
    ]
    assert greys(read(write_records(tmp_path / "train.rec", records))) == [1]


def test_samples__other_sets_have_labels_but_no_identity(tmp_path: Path) -> None:
    records: list[Record] = [(0, 4.0, png(1)), (1, 2.5, png(2)), (2, (1.0, 0.0, 0.5), png(3))]
    file = write_records(tmp_path / "a.rec", records)
    source = parse_source(f"recordio:{file}")
    assert source.columns == ("label", "id")
    samples = list(source.samples())
    assert [sample.label for sample in samples] == ["4", "2.5", "1 0 0.5"]
    assert greys(samples) == [1, 2, 3]


def test_samples__index_may_list_fewer_records(tmp_path: Path) -> None:
    file = write_records(tmp_path / "a.rec", [(n, 0.0, png(n)) for n in range(1, 5)])
    lines = file.with_suffix(".idx").read_text().splitlines(keepends=True)
    file.with_suffix(".idx").write_text(lines[3] + lines[1])
    assert greys(read(file)) == [4, 2]


@pytest.mark.parametrize("line", ["1", "one\t0", "1\t0\t0", "1" * 500])
def test_samples__wrong_index_line_is_named(tmp_path: Path, line: str) -> None:
    file = write_records(tmp_path / "a.rec", [(1, 0.0, png(1))])
    with file.with_suffix(".idx").open("a") as index:
        index.write(line)
    with pytest.raises(MintError, match=r"Line 2 of .*a\.idx is not a number and an offset"):
        read(file)


def test_samples__index_of_another_file_is_refused(tmp_path: Path) -> None:
    file = write_records(tmp_path / "a.rec", [(1, 0.0, png(1))])
    file.with_suffix(".idx").write_text("1\t4\n")
    with pytest.raises(MintError, match=r"record at byte 4 of .* does not begin as a record does"):
        read(file)


def test_samples__replaced_file_is_looked_at_anew(tmp_path: Path) -> None:
    file = write_records(tmp_path / "train.rec", FACES)
    assert "identity" in parse_source(f"recordio:{file}").columns
    write_records(file, [(1, 0.0, png(1))])
    assert "identity" not in parse_source(f"recordio:{file}").columns


def test_parse_source__other_file_types_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"")
    with pytest.raises(MintError, match=r"a\.bin is not a \.rec file"):
        read(tmp_path / "a.bin")


def test_read_pixels__image_split_at_the_magic_number(tmp_path: Path) -> None:
    # The magic number in a text chunk of a PNG, moved to a multiple of 4 bytes.
    image = png(9)
    chunk_at = len(image) - 12
    image = (
        image[:chunk_at]
        + text_chunk(b"k\0" + b"." * (-(chunk_at + 10) % 4) + MAGIC)
        + png(9)[chunk_at:]
    )
    content = image_record(1, 0.0, image)
    assert content[7] >> 5 == 1
    (tmp_path / "a.rec").write_bytes(content)
    assert greys(read(tmp_path / "a.rec")) == [9]


def text_chunk(content: bytes) -> bytes:
    body = b"tEXt" + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("offset", ["-8", "99999999999999999999"])
def test_samples__offset_that_no_file_has_is_named(tmp_path: Path, offset: str) -> None:
    file = write_records(tmp_path / "a.rec", [(0, 1.0, png(1))])
    file.with_suffix(".idx").write_text(f"0\t{offset}\n")
    with pytest.raises(MintError, match=r"Line 1 of .*a\.idx is not a number and an offset"):
        read(file)
