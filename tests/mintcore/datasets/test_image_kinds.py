"""Images of every kind, good and bad, inside every kind of file."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from archive_files import write_parquet, write_records, write_tar
from PIL import Image

from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.datasets.sources import parse_source
from store.artefacts import Home

RGB = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_of(width: int, height: int, bits: int, colours: int, rows: bytes) -> bytes:
    """Write a PNG by hand, for what Pillow cannot write."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    parts = (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


FRAMES = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
GOOD: dict[str, tuple[bytes, list[int]]] = {
    "greyscale": (encoded(Image.new("L", (4, 4), 77), "PNG"), [77, 77, 77]),
    "transparent": (encoded(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG"), [255, 255, 255]),
    "grey-and-alpha": (encoded(Image.new("LA", (4, 4), (77, 255)), "PNG"), [77, 77, 77]),
    "grey-16-bit": (encoded(Image.new("I;16", (4, 4), 300), "PNG"), [1, 1, 1]),
    "colour-16-bit": (
        png_of(1, 1, 16, 2, b"\0" + struct.pack(">HHH", 300, 65_535, 0)),
        [1, 255, 0],
    ),
    "portable-16-bit": (b"P5 1 1 1023 " + struct.pack(">H", 1023), [255, 255, 255]),
    "cmyk": (encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "JPEG"), [0, 0, 0]),
    "animated": (
        encoded(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:], lossless=True),
        [255, 0, 0],
    ),
}
BAD: dict[str, tuple[bytes, str]] = {
    "truncated": (encoded(Image.fromarray(RGB), "PNG")[:200], "damaged or truncated"),
    "zero-byte": (b"", "is empty"),
    "bomb": (png_of(8_000, 8_000, 8, 2, b"\0"), "more than 50,000,000 pixels"),
    "integer": (
        encoded(Image.new("I", (4, 4), 200), "TIFF"),
        "signed or 32-bit integer pixels, whose range is unknown",
    ),
    "no-image": (b"<html>not found</html>", "not an image in a known format"),
    "too-many-bytes": (b"\x89PNG" + bytes(64 * 2**20), "more than 67,108,864 bytes"),
}

Written = Callable[[Path, list[bytes]], str]


def in_tar(folder: Path, images: list[bytes]) -> str:
    members = {f"{number:03d}.png": image for number, image in enumerate(images)}
    return f"webdataset:{write_tar(folder / 'a.tar', members)}"


def in_records(folder: Path, images: list[bytes]) -> str:
    records = [(number, 0.0, image) for number, image in enumerate(images, start=1)]
    return f"recordio:{write_records(folder / 'a.rec', records)}"


def in_parquet(folder: Path, images: list[bytes]) -> str:
    return f"parquet:{write_parquet(folder / 'a.parquet', list(images))}"


KINDS = pytest.mark.parametrize("write", [in_tar, in_records, in_parquet])


@KINDS
@pytest.mark.parametrize("kind", GOOD)
def test_read_pixels__kind_of_image_inside_a_file(
    tmp_path: Path, write: Written, kind: str
) -> None:
    content, colour = GOOD[kind]
    (sample,) = parse_source(write(tmp_path, [content])).samples()
    pixels = read_pixels(sample.uri)
    assert pixels.dtype == np.uint8
    assert pixels[0, 0].tolist() == colour


@KINDS
def test_add_dataset__bad_images_are_kept_with_status_and_reason(
    tmp_path: Path, write: Written
) -> None:
    images = [encoded(Image.fromarray(RGB), "PNG"), *(content for content, _ in BAD.values())]
    home = Home(tmp_path / "home")
    card = add_dataset(home, "d", write(tmp_path, images), "member")
    assert card["counts"]["status"] == {"ok": 1, "unreadable": len(BAD)}
    rows = samples(home, "d", status=None).to_pylist()
    assert np.array_equal(read_pixels(rows[0]["uri"]), RGB)
    for row, (_, reason) in zip(rows[1:], BAD.values(), strict=True):
        assert row["status"] == "unreadable"
        assert reason in row["reason"]
        assert str(tmp_path / "a.") in row["reason"]


def test_decode_image__what_pillow_warns_of_is_not_said_twice(tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    file.write_bytes(png_of(10_000, 10_000, 8, 0, b""))
    # a process of its own, for pytest sets the filters of warnings anew
    code = f"import mintcore.images as i, pathlib; i.decode_image(pathlib.Path({str(file)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "more than 50,000,000 pixels" in done.stderr
    assert "Warning" not in done.stderr
