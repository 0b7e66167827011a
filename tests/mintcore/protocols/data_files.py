"""Small files of a data folder: mosaics as the real ones are, but of one row of tiles."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_mosaic(file: Path, images: np.ndarray, columns: int) -> None:
    """Write (N, side, side, 3) uint8 as one row of tiles, black after the last; N is at most ``columns``."""
    side = images.shape[1]
    row = np.zeros((side, columns * side, 3), np.uint8)
    for number, image in enumerate(images):
        row[:, number * side : (number + 1) * side] = image
    file.parent.mkdir(parents=True, exist_ok=True)
    options = {"lossless": True} if file.suffix == ".webp" else {"quality": 100, "subsampling": 0}
    Image.fromarray(row).save(file, **options)


def noise(count: int, side: int, seed: int) -> np.ndarray:
    """(count, side, side, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), np.uint8)
