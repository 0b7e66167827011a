import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from scipy.fft import dctn

from mintcore.datasets.near_duplicates import HASH_DISTANCE, SIMILARITY
from mintcore.datasets.perceptual import MIRROR_BITS, Look, joined, look_of, looks_of, similarity
from mintcore.images import Pixels
from store.samples import LOOKS_SCHEMA


def smooth(seed: int, side: int = 64) -> Pixels:
    """A random picture with large shapes, as photographs have."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def look(pixels: Pixels) -> Look:
    found = look_of(pixels)
    assert found is not None
    return found


def alike(one: Pixels, other: Pixels) -> tuple[int, float, float]:
    """Bits in which the hashes differ, the correlation, and that of the mirrored image."""
    first, second = look(one), look(other)
    spectra = [np.frombuffer(found.spectrum, np.int8)[None] for found in (first, second)]
    upright, mirrored = similarity(*spectra)
    return (first.perceptual ^ second.perceptual).bit_count(), upright[0], mirrored[0]


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def resized(pixels: Pixels, side: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def brighter(pixels: Pixels) -> Pixels:
    return np.clip(pixels * 1.1, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_look_of__copies_are_alike(seed: int) -> None:
    original = smooth(seed)
    copies = (jpeg(original, 60), resized(original, 48), resized(original, 150), brighter(original))
    for copy in copies:
        distance, upright, _ = alike(original, copy)
        assert distance <= HASH_DISTANCE
        assert upright >= SIMILARITY


def test_look_of__other_pictures_are_not() -> None:
    found = [alike(smooth(0), smooth(seed)) for seed in range(1, 20)]
    assert min(distance for distance, _, _ in found) > 12
    assert max(max(upright, mirrored) for _, upright, mirrored in found) < 0.9


def test_look_of__mirrored_copy_flips_known_bits() -> None:
    original = smooth(3)
    mirrored = np.ascontiguousarray(original[:, ::-1])
    assert look(original).perceptual ^ look(mirrored).perceptual == int(MIRROR_BITS)
    assert alike(original, mirrored)[2] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("noise", [0, 1])
def test_look_of__flat_images_look_like_nothing(noise: int) -> None:
    grain = np.random.default_rng(0).integers(-noise, noise + 1, (40, 40, 3))
    assert look_of((200 + grain).astype(np.uint8)) is None


def test_look_of__bits_are_the_signs_of_an_independent_transform() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)  # needs no resizing
    pixels = np.repeat(grey[:, :, None], 3, axis=2)
    transformed = dctn(grey.astype(float))
    # frequencies by their sum: (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)
    signs = [transformed[place] >= 0 for place in ((0, 1), (1, 0), (0, 2), (1, 1), (2, 0))]
    bits = f"{look(pixels).perceptual:064b}"
    assert [bit == "1" for bit in bits[:5]] == signs


def test_similarity__is_the_correlation_of_what_is_left_of_the_images() -> None:
    one, other = smooth(1, 32), smooth(2, 32)
    blended = (0.6 * one + 0.4 * other).astype(np.uint8)
    luminance = [
        np.asarray(Image.fromarray(image).convert("L"), float).ravel() for image in (one, blended)
    ]
    expected = np.corrcoef(*luminance)[0, 1]  # smooth images have all they are in low frequencies
    assert alike(one, blended)[1] == pytest.approx(expected, abs=0.01)


def test_looks_of__tells_known_from_unknown() -> None:
    kept = look(smooth(0))
    fields = {"sample_id": "a", "uri": "a", "membership": "member", "status": "ok"}
    rows = [fields | {"perceptual": kept.perceptual, "spectrum": kept.spectrum}, fields]
    looks = looks_of(pa.Table.from_pylist(rows, LOOKS_SCHEMA))
    assert looks.known.tolist() == [True, False]
    assert looks.hashes[0] == kept.perceptual
    assert joined(looks, looks).known.tolist() == [True, False, True, False]
