"""Images in RecordIO files, as MXNet writes them and the large face sets are distributed.

A face set (MS1M-ArcFace, Glint360k, WebFace) has one record of number 0 without an image. Its
labels are [number of the first identity, number after the last one]; the identities are records
without an image, too, whose labels are the range of their images. An image's own first label is
its class, which is its person. Sources: deepinsight/insightface ``src/data/face2rec2.py``
(``read_list``, which writes record 0 after the images) and
``recognition/arcface_torch/dataset.py`` (``MXFaceDataset``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from mintcore.datasets.recordio import Record, RecordFile
from mintcore.datasets.sample import Sample
from mintcore.datasets.uris import inside_uri
from mintcore.errors import MintError
from mintcore.images import Pixels, decode_image

_LONGEST_LINE = 128  # two numbers and a tab
_REMEMBERED_FILES = 64
_LAST_OFFSET = 2**63 - 1


@dataclass(frozen=True)
class RecordsSource:
    """The records of a ``.rec`` that hold an image.

    Args:
        file: The ``.rec``.
        first_identity: For a face set, number of the first record that is an identity.
    """

    file: Path
    first_identity: float | None

    @property
    def spec(self) -> str:
        """``recordio:`` and the absolute path."""
        return f"recordio:{self.file}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The label and the number of the record; of a face set also the identity."""
        return ("label", "id") if self.first_identity is None else ("label", "identity", "id")

    def samples(self) -> Iterator[Sample]:
        """Yield the images, in the order of the ``.idx``, without one as they lie in the file.

        Raises:
            MintError: The ``.rec`` or the ``.idx`` is damaged, or they do not belong together.
        """
        for number, record in _numbered(self.file):
            if not self._is_identity(number, record):
                yield Sample(inside_uri(self.file, record.offset), self._said(number, record))

    def _is_identity(self, number: int, record: Record) -> bool:
        if self.first_identity is None or record.image_bytes or len(record.labels) < 2:
            return False
        # The file has the number as float32, which is not exact above 16.7 million images.
        return number == 0 or bool(np.float32(number) >= self.first_identity)

    def _said(self, number: int, record: Record) -> dict[str, str | None]:
        if self.first_identity is None:
            return {"label": " ".join(map(_text, record.labels)), "id": str(number)}
        label = _text(record.labels[0])
        return {"label": label, "identity": label, "id": str(number)}


def open_records(file: Path) -> RecordsSource:
    """Open a ``.rec``, with the ``.idx`` beside it where there is one.

    Raises:
        MintError: The ``.rec`` or the ``.idx`` is damaged, or they do not belong together.
    """
    versions = tuple(_version(path) for path in (file, _index(file)))
    return RecordsSource(file, _first_identity(file, versions))


def read_record(file: Path, offset: int) -> Pixels:
    """Read the image of a record.

    Returns:
        (H, W, 3) RGB, uint8.

    Raises:
        MintError: The file is gone, there is no sound record, or it holds no readable image.
    """
    with RecordFile(file) as records:
        return decode_image(records.image(offset), name=f"The record at byte {offset:,} of {file}")


@lru_cache(maxsize=_REMEMBERED_FILES)
def _first_identity(file: Path, _versions: tuple[tuple[int, int] | None, ...]) -> float | None:
    with RecordFile(file) as records:
        if _index(file).is_file():
            offsets = (offset for number, offset in _entries(_index(file)) if number == 0)
            candidates: Iterator[Record] = (records.record(offset) for offset in offsets)
        else:
            candidates = (record for record in records.records() if record.id == 0)
        for record in candidates:
            if record.image_bytes == 0 and len(record.labels) > 1:
                return record.labels[0]
    return None


def _numbered(file: Path) -> Iterator[tuple[int, Record]]:
    with RecordFile(file) as records:
        if not _index(file).is_file():
            yield from ((record.id, record) for record in records.records())
            return
        for number, offset in _entries(_index(file)):
            yield number, records.record(offset)


def _index(file: Path) -> Path:
    return file.with_suffix(".idx")


def _entries(index: Path) -> Iterator[tuple[int, int]]:
    """Yield the number and the offset of every record that an ``.idx`` lists."""
    try:
        with index.open("rb") as handle:
            line_number = 0
            while line := handle.readline(_LONGEST_LINE):
                line_number += 1
                number, offset = map(int, line.split())
                if not 0 <= offset <= _LAST_OFFSET:
                    raise ValueError(f"{offset} is no place in a file")
                yield number, offset
    except OSError as error:
        raise MintError(f"{index} cannot be read ({error.strerror}): restore it.") from error
    except ValueError as error:
        raise MintError(
            f"Line {line_number} of {index} is not a number and an offset: restore the file, "
            "or move it away to read the .rec without it."
        ) from error


def _version(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _text(label: float) -> str:
    return str(int(label)) if label.is_integer() else str(label)
