"""Images and models for the extraction benchmark: crops of two real photographs, fresh weights."""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from mintcore.datasets.registration import add_dataset
from mintcore.models.precision import Autocast
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from store.artefacts import Home

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
JPEG_QUALITY = 90
# a crop has from a quarter of the photograph's sides up to all of them
_SMALLEST_SHARE = 0.25


def crops(count: int, side: int) -> np.ndarray:
    """Cut random squares out of two photographs that scikit-learn ships, all different.

    Returns:
        (count, side, side, 3) uint8.
    """
    photos = [Image.fromarray(photo) for photo in load_sample_images().images]
    rng = np.random.default_rng(0)
    cut = np.empty((count, side, side, 3), np.uint8)
    for number in range(count):
        photo = photos[number % len(photos)]
        edge = int(min(photo.size) * rng.uniform(_SMALLEST_SHARE, 1))
        left, top = (int(rng.integers(0, length - edge + 1)) for length in photo.size)
        box = (left, top, left + edge, top + edge)
        cut[number] = photo.resize((side, side), Image.Resampling.BILINEAR, box=box)
    return cut


def add_arrays(home: Home, name: str, images: np.ndarray) -> None:
    """Register images that lie decoded in one file."""
    file = home.path / f"{name}.npz"
    np.savez(file, images=images)
    add_dataset(home, name, f"arrays:{file}", "unknown")


def add_jpegs(home: Home, name: str, images: np.ndarray) -> Path:
    """Register images that lie encoded in one file each; gives their folder."""
    folder = home.path / f"{name}-files"
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:06d}.jpg", quality=JPEG_QUALITY)
    add_dataset(home, name, f"folder:{folder}", "unknown")
    return folder


def add_fresh_model(
    home: Home, name: str, arch: str, side: int, classes: int | None, *, autocast: Autocast | None
) -> None:
    """Register a model with fresh weights, which are as fast as trained ones."""
    preprocessing = Preprocessing((side, side), MEAN, STD)
    add_model(home, name, arch, None, preprocessing, num_classes=classes, autocast=autocast)
