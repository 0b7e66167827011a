"""The folder that ``--data`` names: images as mosaics of tiles, and public weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mintcore.errors import MintError

CIFAR_COLUMNS = GTSRB_COLUMNS = 100
LFW_COLUMNS = 50
# test images of GTSRB that are, pixel by pixel, training images
GTSRB_REPEATED = (666, 2291, 3546, 3594, 4548, 9384, 9575, 11906)

CIFAR_TRAIN = tuple(f"cifar10/train_{number}.webp" for number in range(1, 6))
CIFAR_TEST, CIFAR_LABELS = "cifar10/test.webp", "cifar10/labels.npz"
GTSRB_TRAIN = tuple(f"gtsrb/train_{number}.jpg" for number in range(1, 5))
GTSRB_TEST = ("gtsrb/test_1.jpg", "gtsrb/test_2.jpg")
GTSRB_LABELS = "gtsrb/labels.npz"
LFW_FACES = tuple(f"lfw112/faces_{number}.jpg" for number in range(1, 7))
LFW_NAMES, LFW_PAIRS = "lfw112/names.txt", "lfw112/pairs.txt"

CIFAR_FILES = (CIFAR_LABELS, *CIFAR_TRAIN, CIFAR_TEST)
GTSRB_FILES = (GTSRB_LABELS, *GTSRB_TRAIN, *GTSRB_TEST)
LFW_FILES = (LFW_NAMES, *LFW_FACES)


@dataclass(frozen=True)
class Pictures:
    """Decoded images with what is known of each.

    Attributes:
        images: (N, H, W, 3) uint8.
        columns: Name -> (N,) text.
    """

    images: NDArray[np.uint8]
    columns: Mapping[str, NDArray[np.str_]]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: slice | NDArray[np.generic]) -> "Pictures":
        columns = {name: values[chosen] for name, values in self.columns.items()}
        return Pictures(self.images[chosen], columns)

    def shuffled(self, seed: int) -> "Pictures":
        """Give them in a random order."""
        return self[np.random.default_rng(seed).permutation(len(self))]


@dataclass(frozen=True)
class DataFolder:
    """What ``--data`` names.

    Args:
        path: The folder.
    """

    path: Path

    def file(self, name: str) -> Path:
        """Give a file of the folder.

        Raises:
            MintError: It is not there.
        """
        file = self.path / name
        if not file.is_file():
            raise MintError(
                f"--data {self.path} has no file {name}, which this protocol needs: docs/protocols.md lists the files."
            )
        return file


def cifar10_train(folder: DataFolder) -> Pictures:
    """Read the training images of CIFAR-10 in their official order, with ``label``."""
    return _cifar10(folder, CIFAR_TRAIN, "train")


def cifar10_test(folder: DataFolder) -> Pictures:
    """Read the test images of CIFAR-10 in their official order, with ``label``."""
    return _cifar10(folder, (CIFAR_TEST,), "test")


def cifar10_classes(folder: DataFolder) -> tuple[str, ...]:
    """Name the classes of CIFAR-10 in the order of their numbers."""
    with np.load(folder.file(CIFAR_LABELS)) as labels:
        return tuple(str(name) for name in labels["classes"])


def gtsrb_train(folder: DataFolder) -> Pictures:
    """Read the training images of GTSRB: ``label``, ``identity`` (class and track) and ``frame`` of the track.

    The frames of a track show one traffic sign from nearer and nearer, so they must stay together.
    """
    with np.load(folder.file(GTSRB_LABELS)) as labels:
        classes, tracks = labels["train"], labels["train_track"]
    images = _mosaics(folder, GTSRB_TRAIN, 32, GTSRB_COLUMNS)[: len(classes)]
    identity = np.array([f"{one}-{track}" for one, track in zip(classes, tracks, strict=True)])
    columns = {
        "label": classes.astype(str),
        "identity": identity,
        "frame": numbered(identity).astype(str),
    }
    return Pictures(images, columns)


def gtsrb_test(folder: DataFolder) -> Pictures:
    """Read the test images of GTSRB, with ``label``; nothing says which are of one track."""
    with np.load(folder.file(GTSRB_LABELS)) as labels:
        classes = labels["test"]
    images = _mosaics(folder, GTSRB_TEST, 32, GTSRB_COLUMNS)[: len(classes)]
    return Pictures(images, {"label": classes.astype(str)})


def lfw(folder: DataFolder) -> Pictures:
    """Read LFW, aligned to 112 x 112: ``name`` of each image and ``identity``."""
    names = np.array(folder.file(LFW_NAMES).read_text(encoding="utf-8").split())
    identity = np.array([name.rsplit("_", 1)[0] for name in names])
    images = _mosaics(folder, LFW_FACES, 112, LFW_COLUMNS)[: len(names)]
    return Pictures(images, {"name": names, "identity": identity})


def numbered(values: NDArray[np.str_]) -> NDArray[np.int64]:
    """Count how often each value came before it, (N,)."""
    seen: dict[str, int] = {}
    numbers = np.zeros(len(values), np.int64)
    for position, value in enumerate(values.tolist()):
        numbers[position] = seen.get(value, 0)
        seen[value] = numbers[position] + 1
    return numbers


def _cifar10(folder: DataFolder, files: Sequence[str], split: str) -> Pictures:
    with np.load(folder.file(CIFAR_LABELS)) as labels:
        named = np.array([str(name) for name in labels["classes"]])[labels[split]]
    images = _mosaics(folder, files, 32, CIFAR_COLUMNS)[: len(named)]
    return Pictures(images, {"label": named})


def _mosaics(
    folder: DataFolder, files: Sequence[str], side: int, columns: int
) -> NDArray[np.uint8]:
    return np.concatenate([_tiles(folder.file(name), side, columns) for name in files])


def _tiles(file: Path, side: int, columns: int) -> NDArray[np.uint8]:
    """Cut a mosaic into its tiles, row by row: (n, side, side, 3). Unused tiles at the end are black."""
    try:
        with Image.open(file) as opened:
            mosaic = np.asarray(opened.convert("RGB"))
    except OSError as error:
        raise MintError(f"{file} cannot be read as an image ({error}): restore it.") from error
    if mosaic.shape[0] % side or mosaic.shape[1] != side * columns:
        height, width, _ = mosaic.shape
        raise MintError(
            f"{file} has {height} x {width} pixels, no rows of {columns} tiles of {side} x {side}: restore it."
        )
    grid = mosaic.reshape(-1, side, columns, side, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(-1, side, side, 3)
