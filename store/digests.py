"""Digests that cover every byte of a file, kept in the file itself or beside what names it."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import StoreError

DIGEST = "digest"
UNSTAMPED = "0" * 32
"""What a Parquet file's metadata says under ``digest`` until ``stamp`` writes the real one."""

_READ_BYTES = 2**22
_TAIL_BYTES = 8  # a Parquet file ends in the footer's length and "PAR1"


def digest_of(content: bytes) -> str:
    """Give the BLAKE2b of some bytes, 32 hex digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def digest_file(file: Path) -> str:
    """Give the BLAKE2b of a file, 32 hex digits, with bounded memory."""
    with file.open("rb") as handle:
        return _digest(_pieces(handle, file.stat().st_size))


def read_fields(file: Path | pa.BufferReader) -> tuple[dict[str, str], int]:
    """Read a Parquet file's own metadata, and how many rows it has."""
    footer = pq.read_metadata(file)
    fields = {name.decode(): value.decode() for name, value in (footer.metadata or {}).items()}
    return fields, footer.num_rows


def stamp(file: Path) -> None:
    """Write the digest of a Parquet file into its own metadata, in place of ``UNSTAMPED``."""
    footer_at, footer = _footer(file)
    digest = _digest_parquet(file, footer_at, footer)
    with file.open("r+b") as handle:
        handle.seek(footer_at)
        handle.write(footer.replace(UNSTAMPED.encode(), digest.encode()))


def check_stamp(file: Path) -> None:
    """Check every byte of a Parquet file that was stamped.

    Raises:
        StoreError: The file is not what was stamped.
    """
    found = read_fields(file)[0].get(DIGEST, "")
    footer_at, footer = _footer(file)
    unstamped = footer.replace(found.encode(), UNSTAMPED.encode()) if found else footer
    if _digest_parquet(file, footer_at, unstamped) != found:
        raise StoreError("its digest does not fit its content")


def _digest_parquet(file: Path, footer_at: int, footer: bytes) -> str:
    with file.open("rb") as handle:
        return _digest(chain(_pieces(handle, footer_at), [footer]))


def _digest(pieces: Iterable[bytes]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def _footer(file: Path) -> tuple[int, bytes]:
    """Give where the footer of a Parquet file begins, and everything from there."""
    size = file.stat().st_size
    with file.open("rb") as handle:
        handle.seek(size - _TAIL_BYTES)
        begin = size - _TAIL_BYTES - int.from_bytes(handle.read(4), "little")
        handle.seek(begin)
        return begin, handle.read()


def _pieces(handle: BinaryIO, count: int) -> Iterator[bytes]:
    while count and (piece := handle.read(min(count, _READ_BYTES))):
        yield piece
        count -= len(piece)
