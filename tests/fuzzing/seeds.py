"""Valid files of each kind, small, made anew each time."""

import io
import json
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from store.artefacts import write_card

MAGIC = struct.pack("<I", 0xCED7230A)
INDEX = b"\n--idx--\n"
"""Stands between a .rec and its .idx in one input."""


def images() -> list[bytes]:
    """Encode small images in every format and most modes that the door opens."""
    noise = np.random.default_rng(0).integers(0, 256, (7, 9, 4), np.uint8)
    rgb, rgba = Image.fromarray(noise[:, :, :3].copy()), Image.fromarray(noise)
    grey, deep = rgb.convert("L"), Image.fromarray(noise[:, :, 0].astype(np.uint16) * 250)
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        _encoded(rgb, "PNG"),
        _encoded(rgba, "PNG"),
        _encoded(deep, "PNG"),
        _encoded(rgb.quantize(4), "PNG", transparency=1),
        _encoded(grey.convert("1"), "PNG"),
        _encoded(rgb, "JPEG", exif=exif),
        _encoded(grey, "JPEG", progressive=True),
        _encoded(rgb.convert("CMYK"), "JPEG"),
        _encoded(rgba, "WEBP"),
        _encoded(rgb, "WEBP", lossless=True),
        _encoded(rgb, "AVIF"),
        _encoded(rgb, "BMP"),
        _encoded(rgb.quantize(4), "GIF", save_all=True, append_images=[grey.quantize(4)]),
        _encoded(rgb, "TIFF"),
        _encoded(grey, "TIFF", compression="tiff_lzw"),
        _encoded(grey.convert("1"), "TIFF", compression="group4"),
        _encoded(deep, "TIFF", compression="tiff_adobe_deflate"),
        _encoded(rgb, "PPM"),
        b"P2 2 1 15\n3 15\n",
        b"P5 2 1 65535\n\x01\x00\xff\xff",
    ]


def with_checksums(png: bytes) -> bytes:
    """Correct the checksums of a PNG's chunks, so that what was changed in them is read."""
    content, place = png[:8], 8
    while place + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, place)
        chunk = png[place + 4 : place + 8 + length]
        content += png[place : place + 4] + chunk + struct.pack(">I", zlib.crc32(chunk))
        place += 12 + length
    return content


def manifests() -> list[bytes]:
    """Write tables of images as CSV and as Parquet."""
    table = pa.table(
        {"path": ["a.png", "b.npz#3"], "label": ["cat", None], "n": [1, 2], "used": [True, False]}
    )
    return [
        b"path,label,identity\na.png,cat,1\nb/c.png,dog,\n",
        b'\xef\xbb\xbfuri,split\r\n"x, y.tar#512+10",train\r\n"two\nlines.png",test\r\n',
        "path\né/ü.png\n../d.zip#1/e.png\n/etc/passwd\ntorchvision:MNIST:test:.#1\n".encode(),
        _parquet(table),
        _parquet(table, compression="zstd", use_dictionary=False, version="1.0"),
        _parquet(pa.table({"uri": pa.array(["a.png"]).dictionary_encode(), "box": [[1, 2]]})),
    ]


def records() -> list[bytes]:
    """Write RecordIO files, with their index and without."""
    plain = [_record(1, (1.0,), PNG), _record(2, (3.0, 0.5), PNG), _record(3, (1.0,), b"")]
    faces = [*plain, _record(0, (4.0, 5.0), b""), _record(4, (1.0, 4.0), b"")]
    split = MAGIC + struct.pack("<I", 1 << 29 | 28) + struct.pack("<IfQQ", 0, 1, 1, 0) + b"abcd"
    split += MAGIC + struct.pack("<I", 3 << 29 | 3) + b"efg\0"
    return [
        b"".join(plain),
        b"".join(faces),
        b"".join(faces) + INDEX + _index(faces),
        split,
        split + INDEX + b"1\t0\n",
    ]


def cards() -> list[bytes]:
    """Write cards as the program does, and as earlier versions did."""
    with tempfile.TemporaryDirectory() as folder:
        fields = {"made_from": {"model": "net", "parts": [{"dataset": "a"}]}, "auc": 0.5, "é": None}
        card = write_card(Path(folder), "models", "net", **fields)
        written = (Path(folder) / "card.json").read_bytes()
    without = {name: value for name, value in card.items() if name != "digest"}
    return [written, json.dumps(card).encode(), json.dumps(without).encode()]


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _parquet(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def _record(number: int, labels: tuple[float, ...], image: bytes) -> bytes:
    many = len(labels) if len(labels) > 1 else 0
    content = struct.pack("<IfQQ", many, 0 if many else labels[0], number, 0)
    content += struct.pack(f"<{many}f", *labels[:many]) + image
    return MAGIC + struct.pack("<I", len(content)) + content + b"\0" * (-len(content) % 4)


def _index(written: list[bytes]) -> bytes:
    places = np.cumsum([0, *map(len, written)])[:-1]
    return b"".join(b"%d\t%d\n" % (number, place) for number, place in enumerate(places, start=1))


PNG = _encoded(Image.new("RGB", (2, 2), "red"), "PNG")
"""The image of the records."""
