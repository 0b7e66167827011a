"""The plain files of a tar, by their place, found without unpacking anything.

``tarfile`` keeps every member in memory and reads whatever length a header promises; here the
members stream by, and lengths are checked against the file first. Formats: POSIX ustar and pax
(IEEE Std 1003.1, pax) and GNU tar (``tar.h``: long names, numbers in base 256).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mintcore.errors import MintError

BLOCK_BYTES = 512

_PLAIN = (b"0", b"\0", b"7")
_WITHOUT_CONTENT = (b"1", b"2", b"3", b"4", b"5", b"6")  # links, devices, folders, pipes
_SPARSE, _LONG_NAME, _EXTENDED = b"S", b"L", b"x"
_HOLES = "GNU.sparse."  # what the keys of a member that is stored with holes begin with
_BASE_256 = 0x80
_LONGEST_NAME_BYTES = 2**20  # of a long name or an extended header
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


@dataclass(frozen=True)
class Member:
    """A plain file of a tar.

    Attributes:
        name: As the tar has it; may be anything, and is never used as a path.
        offset: Where its content begins, in bytes.
        length: Bytes of its content.
    """

    name: str
    offset: int
    length: int


@dataclass(frozen=True)
class _Header:
    name: str
    length: int
    kind: bytes


def plain_members(file: Path) -> Iterator[Member]:
    """Yield the plain files of a tar, in its order; links, folders and devices are passed over.

    Raises:
        MintError: The file cannot be read, is compressed, damaged or ends too early.
    """
    try:
        with file.open("rb", buffering=0) as handle:
            _refuse_compressed(handle.read(6), file)
            yield from _walk(handle, os.fstat(handle.fileno()).st_size, file)
    except OSError as error:
        raise MintError(f"{file} cannot be read ({error.strerror}): restore it.") from error


def read_member(file: Path, offset: int, length: int) -> tuple[str, bytes]:
    """Read a member by its place.

    Returns:
        Its name, as its header has it, and its content.

    Raises:
        MintError: The file is gone, or has no such member any more.
    """
    try:
        with file.open("rb", buffering=0) as handle:
            handle.seek(max(0, offset - BLOCK_BYTES))
            header = _parse(handle.read(min(offset, BLOCK_BYTES)))
            content = handle.read(length)
    except OSError as error:
        raise MintError(f"{file} cannot be read ({error.strerror}): restore it.") from error
    if header is None or header.kind not in _PLAIN or len(content) < length:
        raise MintError(
            f"{file} has no member of {length:,} bytes at byte {offset:,}: "
            "restore the file that was registered."
        )
    return header.name, content


def _walk(handle: BinaryIO, end: int, file: Path) -> Iterator[Member]:
    position, extended = 0, dict[str, str]()
    while (header := _header(handle, position, file)) is not None:
        content = position + BLOCK_BYTES
        length = 0 if header.kind in _WITHOUT_CONTENT else _length(header, extended, file)
        if content + length > end:
            raise MintError(f"{file} ends inside {header.name!r}: copy it again.")
        if header.kind in (_LONG_NAME, _EXTENDED):
            extended |= _said(handle, content, length, header.kind, file)
        elif header.kind not in (b"g", b"K"):
            name = extended.get("path", header.name)
            _refuse_sparse(header, extended, name, file)
            if header.kind in _PLAIN and not name.endswith("/"):
                yield Member(name, content, length)
            extended = {}
        position = content + length + -length % BLOCK_BYTES


def _header(handle: BinaryIO, position: int, file: Path) -> _Header | None:
    """Read a header; None at the end mark of the tar."""
    handle.seek(position)
    block = handle.read(BLOCK_BYTES)
    if not block:
        raise MintError(
            f"{file} ends at byte {position:,} without the end mark of a tar: it may be cut off; copy or pack it again."
        )
    if not block.strip(b"\0"):
        return None
    header = _parse(block)
    if header is None:
        raise MintError(
            f"{file} has no tar header at byte {position:,}: it is damaged or no tar; copy it again."
        )
    return header


def _parse(block: bytes) -> _Header | None:
    """Understand a header; None where its checksum is wrong."""
    if len(block) < BLOCK_BYTES:
        return None
    try:
        checksum = int(block[148:156].strip(b" \0") or b"0", 8)
        if checksum != sum(block[:148]) + 8 * ord(" ") + sum(block[156:]):
            return None
        length = _number(block[124:136])
    except ValueError:
        return None
    name = _until_zero(block[:100])
    if block[257:263] == b"ustar\0" and block[345] != 0:
        name = f"{_until_zero(block[345:500])}/{name}"
    return _Header(name, length, block[156:157])


def _number(field: bytes) -> int:
    if field[0] == _BASE_256:
        return int.from_bytes(field[1:])
    return int(field.strip(b" \0") or b"0", 8)


def _length(header: _Header, extended: dict[str, str], file: Path) -> int:
    # An extended header speaks of the next member, and never of another extended header.
    said = extended.get("size") if header.kind not in (_LONG_NAME, _EXTENDED, b"g", b"K") else None
    if said is None:
        return header.length
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise MintError(f"{header.name!r} in {file} has a length of {said[:40]!r}: pack it again.")
    return int(said)


def _said(handle: BinaryIO, offset: int, length: int, kind: bytes, file: Path) -> dict[str, str]:
    if length > _LONGEST_NAME_BYTES:
        raise MintError(
            f"{file} has a name or extended header of {length:,} bytes at byte {offset:,}: "
            "pack it again."
        )
    content = handle.read(length)
    if kind == _LONG_NAME:
        return {"path": _until_zero(content)}
    # All else is dropped: headers without a member would pile up without end.
    records = (
        (_HOLES if key.startswith(_HOLES) else key, text) for key, text in _pax_records(content)
    )
    return {key: text for key, text in records if key in ("path", "size", _HOLES)}


def _pax_records(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the records ``LENGTH KEY=VALUE`` of an extended header; what is damaged ends them."""
    start = 0
    while (space := content.find(b" ", start)) > start and content[start:space].isdigit():
        end = start + int(content[start : min(space, start + 9)])
        key, equals, value = content[space + 1 : end - 1].partition(b"=")
        if not equals or end > len(content):
            return
        yield key.decode("utf-8", "replace"), value.decode("utf-8", "replace")
        start = end


def _refuse_sparse(header: _Header, extended: dict[str, str], name: str, file: Path) -> None:
    if header.kind == _SPARSE or _HOLES in extended:
        raise MintError(
            f"{name!r} in {file} is stored with holes (--sparse): pack the tar again without."
        )


def _refuse_compressed(start: bytes, file: Path) -> None:
    for magic, kind in _COMPRESSED.items():
        if start.startswith(magic):
            raise MintError(
                f"{file} is compressed ({kind}), so that no image could be read without all before "
                "it: unpack it to a plain .tar first."
            )


def _until_zero(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
