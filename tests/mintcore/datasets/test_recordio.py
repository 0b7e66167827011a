import contextlib
import struct
import tracemalloc
from pathlib import Path

import pytest
from archive_files import MAGIC, image_record, packed
from hypothesis import given, settings
from hypothesis import strategies as st

from mintcore.datasets.recordio import Record, RecordFile
from mintcore.errors import MintError


def read(file: Path) -> list[Record]:
    with RecordFile(file) as records:
        return list(records.records())


def images(file: Path) -> list[bytes]:
    with RecordFile(file) as records:
        return [records.image(record.offset) for record in records.records()]


def test_records__as_mxnet_writes_them(tmp_path: Path) -> None:
    # Two records written by MXRecordIOWriterWriteRecord of MXNet 1.9.1: labels (3, 1) and an image
    # that holds the magic number, then label 4 and the image "hi".
    written = (
        "0a23d7ce 24000020 02000000 00000000 05000000 00000000 00000000 00000000 00004040 0000803f "
        "61626364 0a23d7ce 03000060 65666700 0a23d7ce 1a000000 00000000 00008040 06000000 00000000 "
        "00000000 00000000 68690000"
    )
    (tmp_path / "a.rec").write_bytes(bytes.fromhex(written))
    assert read(tmp_path / "a.rec") == [
        Record(0, 56, 5, (3.0, 1.0), 11),
        Record(56, 92, 6, (4.0,), 2),
    ]
    assert images(tmp_path / "a.rec") == [b"abcd" + MAGIC + b"efg", b"hi"]


def test_records__bytes_of_the_format_written_out(tmp_path: Path) -> None:
    # magic, 3-bit flag 0 and length 27, flag, label 2.5, id, id2, three bytes, one byte of padding
    content = bytes.fromhex("0a23d7ce 1b000000 00000000 00002040 0700000000000000")
    content += bytes(8) + b"abc" + b"\0"
    (tmp_path / "a.rec").write_bytes(content)
    assert read(tmp_path / "a.rec") == [Record(0, 36, 7, (2.5,), 3)]
    assert images(tmp_path / "a.rec") == [b"abc"]


def test_records__labels_in_place_of_one(tmp_path: Path) -> None:
    content = image_record(1, (3.0, 0.5, 1.0, 2.0), b"abcd") + image_record(2, (9.0,), b"")
    (tmp_path / "a.rec").write_bytes(content)
    first, second = read(tmp_path / "a.rec")
    assert (first.labels, first.image_bytes) == ((3.0, 0.5, 1.0, 2.0), 4)
    assert (second.labels, second.image_bytes) == ((9.0,), 0)
    assert images(tmp_path / "a.rec") == [b"abcd", b""]


def test_image__record_split_at_the_magic_number(tmp_path: Path) -> None:
    image = b"abcd" + MAGIC + MAGIC + b"efg"
    content = image_record(1, 0.0, image)
    assert [content[place + 7] >> 5 for place in (0, 36, 44)] == [1, 2, 3]
    (tmp_path / "a.rec").write_bytes(content + image_record(2, 0.0, b"next"))
    assert images(tmp_path / "a.rec") == [image, b"next"]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**64 - 1),
            st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=5),
            st.lists(st.sampled_from([MAGIC, b"ab", b"abcd", b""]), max_size=8).map(b"".join),
        ),
        max_size=5,
    )
)
def test_records__whatever_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    written: list[tuple[int, list[float], bytes]],
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.rec"
    file.write_bytes(b"".join(image_record(n, tuple(ls), image) for n, ls, image in written))
    found = [(record.id, list(record.labels), record.image_bytes) for record in read(file)]
    assert found == [(number, labels, len(image)) for number, labels, image in written]
    assert images(file) == [image for _, _, image in written]


@settings(max_examples=80)
@given(st.data())
def test_records__damage_raises_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.rec"
    content = bytearray(image_record(1, (1.0, 2.0), b"abc") + image_record(2, 3.0, MAGIC * 2))
    places = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(places, max_size=4)):
        content[place] = value
    file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(MintError):
        assert all(record.end <= len(content) + 3 for record in read(file))


def test_records__cut_off_record_is_placed(tmp_path: Path) -> None:
    first, second = image_record(1, 0.0, b"abcd"), image_record(2, 0.0, b"efgh")
    (tmp_path / "a.rec").write_bytes((first + second)[:-5])
    with pytest.raises(MintError, match=r"record at byte 36 of .*a\.rec is cut off .* copy the"):
        read(tmp_path / "a.rec")


def test_records__garbled_record_is_placed(tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_bytes(image_record(1, 0.0, b"abcd") + b"garbage!" * 8)
    with pytest.raises(MintError, match=r"record at byte 36 of .* does not begin as a record does"):
        read(tmp_path / "a.rec")


def test_records__part_without_a_beginning_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_bytes(MAGIC + struct.pack("<I", 2 << 29 | 4) + b"abcd")
    with pytest.raises(MintError, match="does not begin as a record does"):
        read(tmp_path / "a.rec")


def test_records__too_short_for_an_image_record(tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_bytes(packed(b"record_0"))
    with pytest.raises(MintError, match="has 8 bytes, too few for an image record"):
        read(tmp_path / "a.rec")


def test_records__more_labels_than_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_bytes(packed(struct.pack("<IfQQ", 2**32 - 1, 0, 1, 0)))
    with pytest.raises(MintError, match="promises 4,294,967,295 labels in 24 bytes"):
        read(tmp_path / "a.rec")


def test_records__too_many_labels_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_bytes(image_record(1, (0.0,) * 4097, b"abcd"))
    with pytest.raises(MintError, match="promises 4,097 labels in 16,416 bytes"):
        read(tmp_path / "a.rec")


def test_records__endless_parts_are_refused(tmp_path: Path) -> None:
    parts = MAGIC + struct.pack("<I", 1 << 29) + (MAGIC + struct.pack("<I", 2 << 29)) * 5000
    (tmp_path / "a.rec").write_bytes(parts)
    with pytest.raises(MintError, match="has more than 4,096 parts"):
        read(tmp_path / "a.rec")


def test_image__promised_length_is_not_allocated(tmp_path: Path) -> None:
    with (tmp_path / "a.rec").open("wb") as handle:
        handle.write(MAGIC + struct.pack("<IIfQQ", 2**29 - 1, 0, 0, 1, 0))
        handle.truncate(2**29 + 64)  # a file with a hole, which takes no space
    tracemalloc.start()
    with RecordFile(tmp_path / "a.rec") as records:
        assert records.record(0).image_bytes == 2**29 - 25
        assert len(records.image(0)) < 66 * 2**20
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 270 * 2**20
