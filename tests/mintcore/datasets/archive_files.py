"""Write the files that datasets come in, as their own tools write them."""

import io
import re
import struct
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

MAGIC = struct.pack("<I", 0xCED7230A)

Record = tuple[int, float | tuple[float, ...], bytes]


def png(grey: int) -> bytes:
    """Encode an image of 2 x 2 pixels of one grey level."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((2, 2, 3), grey, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def packed(content: bytes) -> bytes:
    """Write one record as dmlc-core does: split where the content holds the magic number."""
    found = (match.start() for match in re.finditer(re.escape(MAGIC), content))
    splits = [place for place in found if place % 4 == 0]
    starts, ends = [0, *(place + 4 for place in splits)], [*splits, len(content)]
    parts = [content[start:end] for start, end in zip(starts, ends, strict=True)]
    flags = [0] if len(parts) == 1 else [1, *[2] * (len(parts) - 2), 3]
    return b"".join(
        MAGIC + struct.pack("<I", flag << 29 | len(part)) + part + b"\0" * (-len(part) % 4)
        for flag, part in zip(flags, parts, strict=True)
    )


def image_record(number: int, label: float | tuple[float, ...], image: bytes) -> bytes:
    """Write one record as ``mxnet.recordio.pack`` does."""
    if isinstance(label, tuple):
        header = struct.pack("<IfQQ", len(label), 0, number, 0)
        return packed(header + struct.pack(f"<{len(label)}f", *label) + image)
    return packed(struct.pack("<IfQQ", 0, label, number, 0) + image)


def write_records(file: Path, records: Iterable[Record]) -> Path:
    """Write a .rec and its .idx with records of (number, label or labels, image)."""
    with file.open("wb") as content, file.with_suffix(".idx").open("w") as index:
        for number, label, image in records:
            index.write(f"{number}\t{content.tell()}\n")
            content.write(image_record(number, label, image))
    return file


def write_tar(file: Path, members: Mapping[str, bytes]) -> Path:
    """Write a tar with members by name."""
    with tarfile.open(file, "w") as archive:
        for member, content in members.items():
            header = tarfile.TarInfo(member)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return file


def write_parquet(
    file: Path, images: list[bytes | None], *, rows_a_group: int = 100, **columns: list[object]
) -> Path:
    """Write a Parquet file as Hugging Face publishes images: bytes and path in a structure."""
    image = pa.array([{"bytes": content, "path": "x.png"} for content in images])
    pq.write_table(pa.table({"image": image, **columns}), file, row_group_size=rows_a_group)
    return file
