import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mintcore.errors import MintError
from mintcore.image_limits import ImageLimits, image_limits
from mintcore.images import as_rgb, decode_image, image_id

RED_BLUE = np.array([[[255, 0, 0], [0, 0, 255]], [[255, 0, 0], [0, 0, 255]]], np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def test_decode_image__png_keeps_every_pixel() -> None:
    assert decode_image(encoded(Image.fromarray(RED_BLUE))).tolist() == RED_BLUE.tolist()


def test_decode_image__result_is_contiguous_uint8() -> None:
    pixels = decode_image(encoded(Image.fromarray(RED_BLUE)))
    assert (pixels.dtype, pixels.shape, pixels.flags.c_contiguous) == (np.uint8, (2, 2, 3), True)


def test_decode_image__greyscale_repeats_over_channels() -> None:
    grey = Image.fromarray(np.array([[0, 77, 255]], np.uint8))
    assert decode_image(encoded(grey)).tolist() == [[[0] * 3, [77] * 3, [255] * 3]]


def test_decode_image__palette_is_looked_up() -> None:
    palette = Image.fromarray(RED_BLUE).quantize(2)
    assert palette.mode == "P"
    assert decode_image(encoded(palette)).tolist() == RED_BLUE.tolist()


def test_decode_image__one_bit_becomes_black_and_white() -> None:
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert decode_image(encoded(bits)).tolist() == [[[0] * 3, [255] * 3]]


def test_decode_image__transparency_lies_over_white() -> None:
    rgba = np.array([[[255, 0, 0, 0], [255, 0, 0, 255]]], np.uint8)
    assert decode_image(encoded(Image.fromarray(rgba))).tolist() == [[[255] * 3, [255, 0, 0]]]


def test_decode_image__transparent_palette_entry_lies_over_white() -> None:
    palette = Image.fromarray(RED_BLUE).quantize(2)
    red = palette.getpixel((0, 0))
    pixels = decode_image(encoded(palette, transparency=red))
    assert pixels[0].tolist() == [[255, 255, 255], [0, 0, 255]]


def test_decode_image__sixteen_bits_are_scaled_to_eight() -> None:
    deep = Image.fromarray(np.array([[0, 256, 65_535]], np.uint16))
    assert decode_image(encoded(deep))[:, :, 0].tolist() == [[0, 1, 255]]


def test_decode_image__sixteen_bit_pgm_is_scaled_to_eight() -> None:
    pgm = b"P5 2 1 65535\n" + struct.pack(">HH", 256, 65_535)
    assert decode_image(pgm)[:, :, 0].tolist() == [[1, 255]]


def test_decode_image__cmyk_becomes_rgb() -> None:
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red, green, blue = decode_image(encoded(cmyk, "JPEG", quality=95))[4, 4]
    assert red > 240
    assert max(green, blue) < 15


def test_decode_image__floating_point_tiff_is_refused() -> None:
    tiff = encoded(Image.fromarray(np.zeros((2, 2), np.float32)), "TIFF")
    with pytest.raises(MintError, match="floating-point"):
        decode_image(tiff)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_decode_image__exif_orientation_is_undone(orientation: int) -> None:
    # Tag 0x0112 says where row 0 and column 0 of the stored image are seen (EXIF 2.32, 4.6.4).
    upright = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode_image(encoded(Image.fromarray(np.ascontiguousarray(stored)), exif=exif))
    assert pixels[:, :, 0].tolist() == upright.tolist()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_decode_image__damaged_exif_is_ignored() -> None:
    jpeg = encoded(Image.new("RGB", (8, 8), "red"), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert decode_image(jpeg).shape == (8, 8, 3)


def test_decode_image__first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    gif = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_image(gif)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_decode_image__truncated_file_is_refused(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = encoded(Image.fromarray(noise), kind)
    with pytest.raises(MintError, match="cannot be read"):
        decode_image(whole[: len(whole) // 2])


def test_decode_image__zero_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(MintError, match=r"empty\.png is empty"):
        decode_image(tmp_path / "empty.png")


def test_decode_image__text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("not an image at all")
    with pytest.raises(MintError, match=r"notes\.jpg cannot be read: it is not an image"):
        decode_image(tmp_path / "notes.jpg")


def test_decode_image__missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"gone\.png cannot be read \(No such file"):
        decode_image(tmp_path / "gone.png")


def test_decode_image__folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="is not a file"):
        decode_image(tmp_path)


def test_decode_image__file_above_the_byte_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(b"x" * 101)
    with pytest.raises(MintError, match=r"large\.png has more than 100 bytes"):
        decode_image(tmp_path / "large.png", ImageLimits(file_bytes=100))


def test_decode_image__pixel_limit_is_checked_before_decoding() -> None:
    # A header that promises 8,000 x 8,000 pixels with none behind it: decoding it would fail with
    # another sentence.
    header = struct.pack(">IIBBBBB", 8_000, 8_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")
    with pytest.raises(MintError, match="more than 50,000,000 pixels"):
        decode_image(bomb)


def test_decode_image__what_pillow_calls_a_bomb_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")
    with pytest.raises(MintError, match="more than 50,000,000 pixels"):
        decode_image(bomb)


def test_decode_image__exactly_the_pixel_limit_is_taken() -> None:
    png = encoded(Image.fromarray(RED_BLUE))
    assert decode_image(png, ImageLimits(pixels=4)).shape == (2, 2, 3)
    with pytest.raises(MintError, match="more than 3 pixels"):
        decode_image(png, ImageLimits(pixels=3))


def test_image_limits__from_the_environment() -> None:
    assert image_limits({}) == ImageLimits(64 * 2**20, 50_000_000)
    given = {"MINT_IMAGE_MIB": "1", "MINT_IMAGE_MPIXELS": "400"}
    assert image_limits(given) == ImageLimits(2**20, 400_000_000)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "", "many", "٣", "9" * 5000, " 1", "1e3"])
@pytest.mark.parametrize("variable", ["MINT_IMAGE_MIB", "MINT_IMAGE_MPIXELS"])
def test_image_limits__what_cannot_be_is_named(variable: str, value: str) -> None:
    with pytest.raises(MintError, match=f"^{variable} is '.*': give a whole number from 1 on"):
        image_limits({variable: value})


def test_decode_image__limits_of_the_environment_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = encoded(Image.new("1", (200_000, 1000)))  # more than Pillow's own limit of 178,956,970
    with pytest.raises(MintError, match="more than 50,000,000 pixels"):
        decode_image(wide)
    monkeypatch.setenv("MINT_IMAGE_MPIXELS", "199")
    with pytest.raises(MintError, match="more than 199,000,000 pixels"):
        decode_image(wide)
    monkeypatch.setenv("MINT_IMAGE_MPIXELS", "200")
    header = struct.pack(">IIBBBBB", 200_000, 1000, 8, 2, 0, 0, 0)
    promised = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")
    with pytest.raises(MintError, match="damaged or truncated"):  # and so was to be decoded
        decode_image(promised)


def test_decode_image__postscript_stays_shut() -> None:
    with pytest.raises(MintError, match="not an image in a known format"):
        decode_image(encoded(Image.fromarray(RED_BLUE), "EPS"))


@given(st.binary(max_size=300))
def test_decode_image__random_bytes_raise_nothing_else(content: bytes) -> None:
    with pytest.raises(MintError):
        decode_image(content)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own, on damaged metadata
@settings(max_examples=150)
@given(
    st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF"]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
)
def test_decode_image__damaged_images_raise_nothing_else(
    kind: str, damage: list[tuple[float, int]]
) -> None:
    content = bytearray(encoded(Image.fromarray(RED_BLUE).resize((16, 16)), kind))
    for place, value in damage:
        content[int(place * len(content))] = value
    try:
        pixels = decode_image(bytes(content))
    except MintError:
        return
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3


def test_image_id__same_pixels_from_png_and_bmp() -> None:
    image = Image.fromarray(RED_BLUE)
    assert image_id(decode_image(encoded(image))) == image_id(decode_image(encoded(image, "BMP")))


def test_image_id__shape_counts() -> None:
    assert image_id(np.zeros((2, 3, 3), np.uint8)) != image_id(np.zeros((3, 2, 3), np.uint8))


def test_image_id__one_grey_level_counts() -> None:
    other = RED_BLUE.copy()
    other[0, 0, 0] -= 1
    assert image_id(RED_BLUE) != image_id(other)


def test_image_id__does_not_depend_on_memory_order() -> None:
    assert image_id(np.asfortranarray(RED_BLUE)) == image_id(RED_BLUE)


def test_image_id__floats_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        image_id(np.zeros((2, 2, 3)))  # type: ignore[arg-type]


def test_as_rgb__grey_is_repeated() -> None:
    assert as_rgb(np.array([[1, 2]], np.uint8), "x").tolist() == [[[1] * 3, [2] * 3]]


def test_as_rgb__other_types_are_refused_by_name() -> None:
    with pytest.raises(MintError, match="picture 7 has shape"):
        as_rgb(np.zeros((2, 2, 3), np.float32), "picture 7")
