"""The RecordIO format: records of any bytes, each an image with its labels.

A record is the magic number, a word with a 3-bit flag and a 29-bit length, and the content, padded
to 4 bytes. Where the content itself holds the magic number at a multiple of 4 bytes, the writer
leaves it out there and splits the record: flag 1 begins it, 2 continues, 3 ends it (0 is whole).
The content begins with a header of flag, label, id and a second id; a flag above 0 says how many
float32 labels follow in place of the one.

Sources: dmlc-core ``recordio.h`` and ``recordio.cc``; apache/mxnet ``python/mxnet/recordio.py``
(``IRHeader``, ``unpack``) and ``src/io/image_recordio.h``.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mintcore.errors import MintError
from mintcore.image_limits import image_limits

MAGIC = struct.pack("<I", 0xCED7230A)

_PART = struct.Struct("<4sI")
_HEADER = struct.Struct("<IfQQ")
_LENGTH_BITS = 29
_WHOLE, _BEGIN, _MIDDLE, _END = range(4)
_MOST_PARTS = (
    4096  # the magic number is one word in four thousand million: many mean a hostile file
)
_MOST_LABELS = 4096
_USUAL_LABEL_BYTES = 8


@dataclass(frozen=True)
class Record:
    """What a record says of its image.

    Attributes:
        offset: Where it begins, in bytes.
        end: Where the next one begins.
        id: The number its writer gave it.
        labels: One label, or as many as it carries.
        image_bytes: Length of the encoded image; 0 where there is none.
    """

    offset: int
    end: int
    id: int
    labels: tuple[float, ...]
    image_bytes: int


class RecordFile:
    """An open ``.rec`` file. One thread at a time."""

    def __init__(self, file: Path) -> None:
        """Open the file.

        Raises:
            MintError: It cannot be read.
        """
        self._file = file
        try:
            self._handle = file.open("rb", buffering=0)
        except OSError as error:
            raise MintError(f"{file} cannot be read ({error.strerror}): restore it.") from error
        self._bytes = os.fstat(self._handle.fileno()).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.close()

    def records(self) -> Iterator[Record]:
        """Yield all records, without their images.

        Raises:
            MintError: The file is damaged or ends too early.
        """
        offset = 0
        while offset < self._bytes:
            record = self.record(offset)
            yield record
            offset = record.end

    def record(self, offset: int) -> Record:
        """Read what a record says, without its image.

        Args:
            offset: Where it begins, in bytes.

        Raises:
            MintError: There is no sound record.
        """
        start, length, end = self._content(offset, _HEADER.size + _USUAL_LABEL_BYTES)
        flag, label, number = self._header(offset, start, length)
        labels: tuple[float, ...] = (label,)
        if flag:
            if 4 * flag > _USUAL_LABEL_BYTES:
                start, _, _ = self._content(offset, _HEADER.size + 4 * flag)
            labels = struct.unpack_from(f"<{flag}f", start, _HEADER.size)
        return Record(offset, end, number, labels, length - _HEADER.size - 4 * flag)

    def image(self, offset: int) -> bytes:
        """Read the encoded image of a record, or the most that ``decode_image`` takes and more.

        Raises:
            MintError: There is no sound record.
        """
        most = _HEADER.size + 4 * _MOST_LABELS + image_limits().file_bytes + 1
        content, length, _ = self._content(offset, most)
        flag, _, _ = self._header(offset, content, length)
        return content[_HEADER.size + 4 * flag :]

    def _header(self, offset: int, start: bytes, length: int) -> tuple[int, float, int]:
        """Give the number of labels that follow, the one label in the header, and the id."""
        if length < _HEADER.size:
            raise self._damaged(offset, f"has {length} bytes, too few for an image record")
        flag, label, number, _ = _HEADER.unpack_from(start)
        if flag > _MOST_LABELS or _HEADER.size + 4 * flag > length:
            raise self._damaged(offset, f"promises {flag:,} labels in {length:,} bytes")
        return flag, label, number

    def _content(self, offset: int, most: int) -> tuple[bytes, int, int]:
        """Give the first bytes of the content, the length of all of it, and where it ends."""
        content, length, position = bytearray(), 0, offset
        for number in range(_MOST_PARTS):
            flag, part_bytes = self._part(position, first=number == 0)
            if number:
                content += MAGIC
                length += len(MAGIC)
            wanted = min(part_bytes, max(0, most - len(content)))
            content += self._read(position + _PART.size, wanted)
            length += part_bytes
            position += _PART.size + part_bytes + -part_bytes % 4
            if flag in (_WHOLE, _END):
                return bytes(content[:most]), length, position
        raise self._damaged(offset, f"has more than {_MOST_PARTS:,} parts")

    def _part(self, offset: int, *, first: bool) -> tuple[int, int]:
        start = self._read(offset, _PART.size)
        if len(start) < _PART.size:
            raise self._damaged(offset, "is cut off by the end of the file")
        magic, word = _PART.unpack(start)
        flag, length = word >> _LENGTH_BITS, word & ((1 << _LENGTH_BITS) - 1)
        if magic != MAGIC or flag not in ((_WHOLE, _BEGIN) if first else (_MIDDLE, _END)):
            raise self._damaged(offset, "does not begin as a record does")
        if offset + _PART.size + length > self._bytes:
            raise self._damaged(offset, "is cut off by the end of the file")
        return flag, length

    def _read(self, offset: int, count: int) -> bytes:
        try:
            self._handle.seek(offset)
            return self._handle.read(count)
        except OSError as error:
            raise MintError(
                f"{self._file} cannot be read ({error.strerror}): restore it."
            ) from error

    def _damaged(self, offset: int, how: str) -> MintError:
        return MintError(
            f"The record at byte {offset:,} of {self._file} {how}: "
            "copy the .rec and its .idx again from where they came."
        )
