"""What an image looks like in a few bytes, so that a re-encoded, resized or brightened copy is known again.

The look of an image is the lowest frequencies (discrete cosine transform) of its luminance on 32 x 32 pixels. Their
signs are the perceptual hash (Zauner 2010; signs instead of "above the median", so that mirroring the image flips
fixed bits), by which candidates are found fast. Their correlation then decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct

from mintcore.images import Pixels
from store.samples import SPECTRUM_BYTES

SIDE_PX = 32
HASH_BITS = 64
# Grey levels: below this standard deviation an image is flat, and its signs are those of noise.
MIN_CONTRAST = 1.0

_ORDER = sorted(np.ndindex(SIDE_PX, SIDE_PX), key=lambda place: (sum(place), place[0]))
_VERTICAL, _HORIZONTAL = np.array(_ORDER[1 : SPECTRUM_BYTES + 1]).T  # [0] is the mean brightness
_DEGREES = max(_VERTICAL.max(), _HORIZONTAL.max()) + 1
_ROWS = dct(np.eye(SIDE_PX), axis=0, norm="ortho")[:_DEGREES]
_LARGEST = 127.99
_PARITY = np.where(_HORIZONTAL % 2 == 1, -1, 1)


@dataclass(frozen=True)
class Look:
    """What one image looks like.

    Attributes:
        perceptual: 64 bits, the signs of the 64 lowest frequencies.
        spectrum: SPECTRUM_BYTES signed bytes, the frequencies themselves, scaled to the largest.
    """

    perceptual: int
    spectrum: bytes


@dataclass(frozen=True)
class Looks:
    """What N images look like.

    Attributes:
        known: (N,) bool, False for flat images and those registered before looks were kept.
        hashes: (N,) uint64.
        spectra: (N, SPECTRUM_BYTES) int8.
    """

    known: NDArray[np.bool_]
    hashes: NDArray[np.uint64]
    spectra: NDArray[np.int8]

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Looks":
        return Looks(self.known[chosen], self.hashes[chosen], self.spectra[chosen])


def look_of(pixels: Pixels) -> Look | None:
    """Say what an image looks like.

    Args:
        pixels: (H, W, 3) RGB, uint8.

    Returns:
        Its look; None for an image of one colour, or nearly, which has none.
    """
    grey = Image.fromarray(pixels).convert("L")
    # a photograph is first averaged to three times the size, which is all that can be told apart
    tiny = grey.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
    small = np.asarray(tiny, np.float64)
    if small.std() < MIN_CONTRAST:
        return None
    frequencies = (_ROWS @ small @ _ROWS.T)[_VERTICAL, _HORIZONTAL]
    # floor keeps the sign of the smallest: the stored byte b stands for b + 0.5
    spectrum = np.floor(frequencies / np.abs(frequencies).max() * _LARGEST).astype(np.int8)
    return Look(int(_hashes(spectrum[None])[0]), spectrum.tobytes())


def looks_of(table: pa.Table) -> Looks:
    """Read the looks of a table of ``store.samples.LOOKS_SCHEMA``."""
    return looks_of_spectra(table.column("spectrum").to_pylist())


def looks_of_spectra(stored: Sequence[bytes | None]) -> Looks:
    """Put the spectra of N images together; None where an image has none."""
    unknown = bytes(SPECTRUM_BYTES)
    joint = b"".join(unknown if spectrum is None else spectrum for spectrum in stored)
    spectra = np.frombuffer(joint, np.int8).reshape(-1, SPECTRUM_BYTES)
    known = np.array([spectrum is not None for spectrum in stored], bool)
    return Looks(known, _hashes(spectra), spectra)


def joined(first: Looks, second: Looks) -> Looks:
    """Put the images of two sets behind each other."""
    return Looks(
        np.concatenate([first.known, second.known]),
        np.concatenate([first.hashes, second.hashes]),
        np.concatenate([first.spectra, second.spectra]),
    )


def similarity(
    first: NDArray[np.int8], second: NDArray[np.int8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Correlate the spectra of M pairs of images.

    Args:
        first: (M, SPECTRUM_BYTES).
        second: (M, SPECTRUM_BYTES).

    Returns:
        The correlation of each pair, (M,), and that with the first image mirrored, (M,).
    """
    one, other = first.astype(np.float32) + 0.5, second.astype(np.float32) + 0.5
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    products = one * other
    return products.sum(1) / lengths, products @ _PARITY.astype(np.float32) / lengths


def _hashes(spectra: NDArray[np.int8]) -> NDArray[np.uint64]:
    signs = np.packbits(spectra[:, :HASH_BITS] >= 0, axis=1)
    return np.ascontiguousarray(signs).view(">u8")[:, 0].astype(np.uint64)


# Mirroring turns the sign of every odd horizontal frequency.
MIRROR_BITS = _hashes(-_PARITY[None].astype(np.int8))[0]
