"""Images that are made to take all memory or all time, to call other programs, or that are no files at all."""

import contextlib
import io
import os
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mintcore.errors import MintError
from mintcore.images import decode_image

TINY = Image.fromarray(np.zeros((4, 4, 3), np.uint8))
BOMB = zlib.compress(bytes(100 * 2**20), 9)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_with(kind: bytes, content: bytes) -> bytes:
    """Put a chunk behind the header of a PNG."""
    png = encoded(TINY, "PNG")
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return png[:33] + struct.pack(">I", len(content)) + kind + content + checksum + png[33:]


def tiff(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    """Write a grey TIFF of 4 x 4 pixels; the entries (tag, type, count, value) come before or instead of its own."""
    own = {256: (4, 1, 4), 257: (4, 1, 4), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)}
    own |= {273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 4), 279: (4, 1, 16)}
    own |= {tag: rest for tag, *rest in entries}
    content = b"".join(struct.pack("<HHII", tag, *rest) for tag, rest in sorted(own.items()))
    start = b"II*\0" + struct.pack("<IH", 8, len(own))
    return start + content + struct.pack("<I", following)


@pytest.mark.parametrize(
    ("kind", "start"), [(b"iCCP", b"k\0\0"), (b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0")]
)
def test_decode_image__chunk_that_unpacks_to_a_hundred_megabytes(kind: bytes, start: bytes) -> None:
    with pytest.raises(MintError, match=r"damaged or truncated .*too large"):
        decode_image(png_with(kind, start + BOMB))


@pytest.mark.filterwarnings("ignore:Tag data larger")
@pytest.mark.parametrize(
    "content",
    [
        tiff(following=8),
        tiff((330, 4, 1, 8), (34665, 4, 1, 8), (34853, 4, 1, 8), following=8),
        tiff((50_000, 4, 2**31 - 1, 8)),
        tiff((273, 4, 2**30, 8)),
        tiff((258, 3, 2**30, 8)),
        tiff((256, 4, 1, 2**31 - 1), (257, 4, 1, 2**31 - 1)),
        tiff((256, 4, 1, 0)),
        tiff((259, 3, 1, 65_535)),
        tiff(*((tag, 3, 1, 1) for tag in range(1000, 20_000))),
    ],
    ids=["loop", "loops", "tag", "strips", "bits", "sides", "none", "packing", "many"],
)
def test_decode_image__hostile_tiff_is_an_image_or_a_sentence(content: bytes) -> None:
    start = time.monotonic()
    with contextlib.suppress(MintError):
        assert decode_image(content).shape == (4, 4, 3)
    assert time.monotonic() - start < 20


def test_decode_image__of_many_frames_one_is_decoded() -> None:
    frames = [TINY.point(lambda value, shade=shade: shade) for shade in range(250)]
    gif = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    cut = gif[: gif.index(b"\x3b", len(gif) // 2)]  # later frames may be missing
    assert decode_image(cut).shape == (4, 4, 3)


@pytest.mark.parametrize(
    "kind",
    ["EPS", "PDF", "ICO", "ICNS", "PCX", "TGA", "SGI", "JPEG2000", "DDS", "DIB", "QOI"],
)
def test_decode_image__formats_that_stay_shut(kind: str) -> None:
    with pytest.raises(MintError, match="it is not an image in a known format"):
        decode_image(encoded(Image.new("RGB", (16, 16)), kind))


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 4, 4, 8, 3) + bytes(400),
        b"\xd7\xcd\xc6\x9a" + bytes(100),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run",
        b"/* XPM */ static char *x[] = {};",
        b"PK\3\4" + bytes(100),
    ],
    ids=["svg", "psd", "wmf", "eps", "xpm", "zip"],
)
def test_decode_image__other_files_are_no_images(content: bytes) -> None:
    with pytest.raises(MintError, match="it is not an image in a known format"):
        decode_image(content)


@pytest.mark.parametrize("kind", ["AVIF", "WEBP", "JPEG"])
def test_decode_image__cut_off_anywhere(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    whole = encoded(Image.fromarray(noise), kind)
    for length in range(0, len(whole) - len(whole) // 8, max(1, len(whole) // 40)):
        with pytest.raises(MintError):
            decode_image(whole[:length])


@pytest.mark.parametrize(
    "place", ["/dev/zero", "/dev/full", "a\0b", "a" * 5000, "\ud800", "pipe", "loop"]
)
def test_decode_image__what_is_no_file_is_not_waited_for(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(MintError, match=r"is not a file|cannot be read"):
        decode_image(tmp_path / place)
