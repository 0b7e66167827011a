import contextlib
import io
import struct
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mintcore.datasets.tar import Member, plain_members, read_member
from mintcore.errors import MintError

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=180
).filter(lambda name: name not in (".", ".."))
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def write(file: Path, *headers: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> None:
    with tarfile.open(file, "w", format=form) as archive:
        for header in headers:
            archive.addfile(header, io.BytesIO(b"x" * header.size))


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type = size, kind
    return made


@pytest.mark.parametrize("form", FORMATS)
def test_plain_members__long_names_of_every_format(tmp_path: Path, form: int) -> None:
    name = f"{'folder/' * 12}{'n' * 90}.jpg"
    write(tmp_path / "a.tar", header(name, 700), header("b.jpg", 1), form=form)
    assert [(m.name, m.length) for m in plain_members(tmp_path / "a.tar")] == [
        (name, 700),
        ("b.jpg", 1),
    ]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=1200)), max_size=6),
    st.sampled_from(FORMATS[1:]),
)
def test_plain_members__finds_what_tarfile_finds(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, bytes]], form: int
) -> None:
    path = tmp_path_factory.mktemp("tar") / "a.tar"
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in files:
            archive.addfile(header(name, len(content)), io.BytesIO(content))
    found = list(plain_members(path))
    assert [member.name for member in found] == [name for name, _ in files]
    assert [read_member(path, m.offset, m.length)[1] for m in found] == [c for _, c in files]


def test_plain_members__links_folders_and_devices_are_passed_over(tmp_path: Path) -> None:
    link = header("link.jpg", kind=tarfile.SYMTYPE)
    link.linkname = "/etc/passwd"
    others = [header(str(kind), kind=kind) for kind in (tarfile.DIRTYPE, tarfile.CHRTYPE, b"6")]
    write(tmp_path / "a.tar", link, *others, header("a.jpg", 3))
    assert [member.name for member in plain_members(tmp_path / "a.tar")] == ["a.jpg"]


def test_plain_members__folder_of_the_first_tars_is_passed_over(tmp_path: Path) -> None:
    # Before POSIX, a folder was a plain file of no bytes whose name ends in a slash.
    write(tmp_path / "a.tar", header("a/", kind=tarfile.AREGTYPE), header("a/b.jpg", 1))
    assert [member.name for member in plain_members(tmp_path / "a.tar")] == ["a/b.jpg"]


def test_plain_members__absolute_and_climbing_names_are_only_names(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", header("/etc/a.jpg", 1), header("../../b.jpg", 1))
    before = sorted(tmp_path.parent.rglob("*"))
    assert [m.name for m in plain_members(tmp_path / "a.tar")] == ["/etc/a.jpg", "../../b.jpg"]
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_plain_members__length_in_base_256(tmp_path: Path) -> None:
    block = bytearray(header("a.jpg", 5).tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\x80" + (5).to_bytes(11)
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    (tmp_path / "a.tar").write_bytes(bytes(block) + b"hello".ljust(1536, b"\0"))
    assert list(plain_members(tmp_path / "a.tar")) == [Member("a.jpg", 512, 5)]


def test_plain_members__length_in_an_extended_header(tmp_path: Path) -> None:
    record = b"10 size=5\n"
    extended = header("x", len(record), b"x").tobuf(tarfile.USTAR_FORMAT)
    content = extended + record.ljust(512, b"\0") + header("a.jpg").tobuf() + b"hello"
    (tmp_path / "a.tar").write_bytes(content.ljust(2560, b"\0"))
    assert list(plain_members(tmp_path / "a.tar")) == [Member("a.jpg", 1536, 5)]


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_plain_members__compressed_tar_is_refused(tmp_path: Path, mode: str) -> None:
    with tarfile.open(tmp_path / "a.tar", mode) as archive:  # type: ignore[call-overload]
        archive.addfile(header("a.jpg"))
    with pytest.raises(MintError, match=r"a\.tar is compressed .* unpack it to a plain \.tar"):
        list(plain_members(tmp_path / "a.tar"))


def test_plain_members__cut_off_member_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", header("a.jpg", 5000))
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[:3000])
    with pytest.raises(MintError, match=r"a\.tar ends inside 'a\.jpg': copy it again"):
        list(plain_members(tmp_path / "a.tar"))


@pytest.mark.parametrize("kept", [0, 517, 1000, 1024])
def test_plain_members__tar_cut_off_between_members_is_refused(tmp_path: Path, kept: int) -> None:
    write(tmp_path / "a.tar", header("a.jpg", 5), header("b.jpg", 5))
    (tmp_path / "a.tar").write_bytes((tmp_path / "a.tar").read_bytes()[:kept])
    with pytest.raises(MintError, match=r"a\.tar ends at byte .* without the end mark of a tar"):
        list(plain_members(tmp_path / "a.tar"))


def test_plain_members__promised_length_beyond_the_file_is_not_allocated(tmp_path: Path) -> None:
    block = bytearray(header("a.jpg").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\x80" + (2**80).to_bytes(11)
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    (tmp_path / "a.tar").write_bytes(bytes(block) * 4)
    with pytest.raises(MintError, match="ends inside"):
        list(plain_members(tmp_path / "a.tar"))


def test_plain_members__garbled_header_is_placed(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", header("a.jpg", 5), header("b.jpg", 5))
    content = bytearray((tmp_path / "a.tar").read_bytes())
    content[1030] ^= 1
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(MintError, match="no tar header at byte 1,024"):
        list(plain_members(tmp_path / "a.tar"))


def test_plain_members__members_with_holes_are_refused(tmp_path: Path) -> None:
    sparse = header("a.jpg", 5)
    sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    write(tmp_path / "a.tar", sparse)
    with pytest.raises(MintError, match=r"'a\.jpg' in .* is stored with holes"):
        list(plain_members(tmp_path / "a.tar"))


def test_plain_members__giant_extended_header_is_refused(tmp_path: Path) -> None:
    block = header("x", 2**20 + 1, b"x").tobuf()
    (tmp_path / "a.tar").write_bytes(block + b"\0" * (2**20 + 1024))
    with pytest.raises(MintError, match="extended header of 1,048,577 bytes"):
        list(plain_members(tmp_path / "a.tar"))


@settings(max_examples=60)
@given(st.data())
def test_plain_members__damage_raises_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.tar"
    write(
        path,
        header("n" * 150, 30),
        header("b.jpg", 600),
        form=data.draw(st.sampled_from(FORMATS[1:])),
    )
    content = bytearray(path.read_bytes()[:4096])
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=6)
    ):
        content[place] = value
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(MintError):
        assert all(m.offset + m.length <= len(content) for m in plain_members(path))


@pytest.mark.parametrize(("offset", "length"), [(1000, 9), (0, 9), (512, 3000), (10**9, 1)])
def test_read_member__file_that_changed_is_refused(
    tmp_path: Path, offset: int, length: int
) -> None:
    write(tmp_path / "a.tar", header("a.jpg", 600), form=tarfile.USTAR_FORMAT)
    content = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "a.tar").write_bytes(content[:2048])
    with pytest.raises(
        MintError, match=f"no member of {length:,} bytes at byte {offset:,}: restore"
    ):
        read_member(tmp_path / "a.tar", offset, length)


def test_read_member__file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"gone\.tar cannot be read"):
        read_member(tmp_path / "gone.tar", 512, 9)


def test_plain_members__not_a_tar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(struct.pack("<1024s", b"hello"))
    with pytest.raises(MintError, match="no tar header at byte 0: it is damaged or no tar"):
        list(plain_members(tmp_path / "a.tar"))
