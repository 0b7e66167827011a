"""The one door for image bytes: limits first, then decoding, then plain RGB pixels.

An image comes out as a person sees it: the EXIF orientation is applied, transparency lies over
white, 16-bit pixels are scaled to 8 bits, and of an animation the first frame is taken.
"""

import hashlib
import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from mintcore.errors import MintError
from mintcore.image_limits import ImageLimits, image_limits

Pixels = NDArray[np.uint8]

# Pillow also opens formats that call other programs (EPS) or are rarely tested: those stay shut.
Image.init()
_WANTED = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")
_FORMATS = [kind for kind in _WANTED if kind in Image.OPEN]
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MAX_16_BIT = 65_535

# Pillow's warnings of damaged files: they are refused here in a sentence, or read all the same.
warnings.filterwarnings("ignore", module=r"PIL\.")
# Its own limit of pixels gives way to the one below, which is never looked at after decoding.
Image.MAX_IMAGE_PIXELS = None


def decode_image(
    source: bytes | Path, limits: ImageLimits | None = None, *, name: str = "The image"
) -> Pixels:
    """Decode an encoded image.

    Args:
        source: The bytes, or the file that holds them.
        limits: Most bytes and most pixels, checked before decoding; None for those of the environment.
        name: What to call bytes in an error; a file is called by its path.

    Returns:
        (H, W, 3) RGB, uint8, contiguous.

    Raises:
        MintError: The file is missing, empty, too large, truncated, or not a known image format.
    """
    limits = limits or image_limits()
    title = name if isinstance(source, bytes) else str(source)
    encoded = source if isinstance(source, bytes) else _read_bounded(source, limits.file_bytes)
    if not encoded:
        raise MintError(f"{title} is empty: replace it with an image.")
    if len(encoded) > limits.file_bytes:
        raise MintError(_too_many_bytes(title, limits.file_bytes))
    try:
        return _decode(encoded, limits.pixels, title)
    except MintError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every type on hostile bytes
        reason = "it is not an image in a known format"
        if not isinstance(error, UnidentifiedImageError):
            reason = f"it is damaged or truncated ({error})"
        raise MintError(f"{title} cannot be read: {reason}; replace or remove it.") from error


def image_id(pixels: Pixels) -> str:
    """Name an image by its content, so that one picture in a PNG and in an array is one sample.

    Args:
        pixels: (H, W, 3) RGB, uint8.

    Returns:
        BLAKE2b-128 over the shape and the pixels, 32 hexadecimal digits.

    Raises:
        ValueError: The pixels are not (H, W, 3) uint8.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"expected (H, W, 3) uint8 pixels, got {pixels.shape} {pixels.dtype}")
    digest = hashlib.blake2b(f"{pixels.shape[0]}x{pixels.shape[1]}x3:".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def as_rgb(pixels: NDArray[np.generic], name: str) -> Pixels:
    """Bring one image of an array to RGB.

    Args:
        pixels: (H, W), (H, W, 1) or (H, W, 3), uint8.
        name: What to call the image in an error.

    Returns:
        (H, W, 3), uint8, contiguous.

    Raises:
        MintError: The array has another shape or type.
    """
    image = pixels[:, :, None] if pixels.ndim == 2 else pixels
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
        raise MintError(
            f"{name} has shape {pixels.shape} and type {pixels.dtype}: "
            "give uint8 images of shape (H, W), (H, W, 1) or (H, W, 3)."
        )
    if image.shape[2] == 1:
        image = np.broadcast_to(image, (*image.shape[:2], 3))
    return np.ascontiguousarray(image, dtype=np.uint8)


def _read_bounded(file: Path, most_bytes: int) -> bytes:
    try:
        if file.exists() and not file.is_file():
            raise MintError(f"{file} is not a file: give an image file.")
        with file.open("rb") as handle:
            # One byte more than allowed tells "too large" apart without reading it all.
            return handle.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise MintError(
            f"{file} cannot be read ({reason}): restore it, or remove it from the dataset."
        ) from error


def _decode(encoded: bytes, most_pixels: int, title: str) -> Pixels:
    with Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
        if image.width * image.height > most_pixels:
            raise MintError(_too_many_pixels(title, most_pixels))
        image.load()
        _refuse_unknown_range(image, title)
        upright = _upright(image)
        return np.ascontiguousarray(_eight_bit_rgb(upright), dtype=np.uint8)


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    except Exception:  # damaged EXIF beside good pixels: shown as stored
        return image
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _refuse_unknown_range(image: Image.Image, title: str) -> None:
    kinds = {"F": "floating-point", "I": "signed or 32-bit integer"}
    # 16-bit PPM is opened in mode "I" as well, but scaled to the range that its header says.
    if image.mode in kinds and (image.mode, image.format) != ("I", "PPM"):
        raise MintError(
            f"{title} has {kinds[image.mode]} pixels, whose range is unknown: save it with 8 or 16 bits."
        )


def _eight_bit_rgb(image: Image.Image) -> NDArray[np.generic]:
    if image.mode.startswith("I"):
        grey = (np.clip(np.asarray(image).astype(np.int64), 0, _MAX_16_BIT) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _too_many_bytes(title: str, most_bytes: int) -> str:
    return f"{title} has more than {most_bytes:,} bytes: give a smaller file."


def _too_many_pixels(title: str, most_pixels: int) -> str:
    return f"{title} has more than {most_pixels:,} pixels: give a smaller image."
