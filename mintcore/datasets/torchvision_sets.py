"""Datasets that torchvision knows by name, in its own layout below a folder.

Small ones are held in memory by torchvision, once a process, and read by their number. The others
are image files, which are listed once and read like any other file. Only names of the two tables
are taken: their files are read without running what is in them, or, for the pickled CIFAR batches,
only after torchvision has compared their MD5 with the official one.
"""

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from mintcore.datasets.sample import Sample
from mintcore.datasets.uris import file_uri, inside_uri
from mintcore.errors import MintError
from mintcore.images import Pixels, as_rgb

TRAIN_TEST = ("train", "test")
IN_MEMORY = {
    "CIFAR10": TRAIN_TEST,
    "CIFAR100": TRAIN_TEST,
    "FashionMNIST": TRAIN_TEST,
    "KMNIST": TRAIN_TEST,
    "MNIST": TRAIN_TEST,
    "STL10": ("train", "test", "unlabeled", "train+unlabeled"),
    "SVHN": ("train", "test", "extra"),
    "USPS": TRAIN_TEST,
}
FILES = {
    "Country211": ("train", "valid", "test"),
    "DTD": ("train", "val", "test"),
    "Food101": TRAIN_TEST,
    "GTSRB": TRAIN_TEST,
}

_BY_TRAIN_FLAG = ("CIFAR10", "CIFAR100", "FashionMNIST", "KMNIST", "MNIST", "USPS")
_LOCATION = re.compile(r"(?P<name>\w+):(?P<split>[\w+]+):(?P<root>.+)", re.DOTALL)
_HELD_IN_MEMORY = 2
_LOADING = Lock()


@dataclass(frozen=True)
class TorchvisionSource:
    """One split of a dataset that torchvision knows.

    Args:
        name: As torchvision has it.
        split: One of its splits.
        root: The folder below which its files lie.
    """

    name: str
    split: str
    root: Path

    @property
    def spec(self) -> str:
        """``torchvision:NAME:SPLIT:`` and the absolute folder."""
        return f"torchvision:{self.name}:{self.split}:{self.root}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The number and the name of the class, and the split."""
        return ("label", "class", "split")

    def samples(self) -> Iterator[Sample]:
        """Yield the images.

        Raises:
            MintError: The files are not there or are not the official ones.
        """
        images = _loaded(self)
        names = list(getattr(images, "classes", []))
        for index, (uri, label) in enumerate(self._images(images)):
            known = 0 <= label < len(names)
            values = {
                "label": str(label) if label >= 0 else None,
                "class": str(names[label]) if known else None,
                "split": self.split,
            }
            yield Sample(uri or inside_uri(self.spec, index), values)

    def _images(self, images: Any) -> Iterator[tuple[str | None, int]]:
        if self.name in IN_MEMORY:
            yield from ((None, int(images[index][1])) for index in range(len(images)))
        else:
            yield from ((file_uri(Path(file)), int(label)) for file, label in _listed(images))


def open_torchvision(location: str) -> TorchvisionSource:
    """Understand ``NAME:SPLIT:DIR``; nothing is loaded yet.

    Raises:
        MintError: The name or the split is not one of the tables.
    """
    match = _LOCATION.fullmatch(location)
    if match is None:
        raise MintError(
            f"'torchvision:{location}' is incomplete: give torchvision:NAME:SPLIT:DIR, "
            "as in torchvision:CIFAR10:train:data."
        )
    name, split = match["name"], match["split"]
    known = IN_MEMORY | FILES
    if name not in known:
        raise MintError(f"{name!r} is not a dataset read here: choose {', '.join(sorted(known))}.")
    if split not in known[name]:
        raise MintError(f"{name} has no split {split!r}: choose {', '.join(known[name])}.")
    return TorchvisionSource(name, split, Path(match["root"]).expanduser().absolute())


def fetch(spec: str) -> None:
    """Fetch a dataset from where torchvision has it, unless it is there already.

    Args:
        spec: ``torchvision:NAME:SPLIT:DIR``.

    Raises:
        MintError: It is another source, or the download fails.
    """
    kind, _, location = spec.partition(":")
    if kind != "torchvision":
        raise MintError(f"{spec} is there or not: --download is for torchvision:NAME:SPLIT:DIR.")
    _construct(open_torchvision(location), download=True)


def read_torchvision_image(location: str, index: int) -> Pixels:
    """Read an image that torchvision holds in memory.

    Args:
        location: ``NAME:SPLIT:DIR``.
        index: Counted from 0.

    Returns:
        (H, W, 3) RGB, uint8.

    Raises:
        MintError: The files are not there, not the official ones, or hold fewer images.
    """
    source = open_torchvision(location)
    if source.name not in IN_MEMORY:
        raise MintError(f"{source.spec} has its images as files: register it again.")
    images = _loaded(source)
    if index >= len(images):
        raise MintError(f"{source.spec} holds {len(images):,} images: there is no image {index}.")
    return as_rgb(np.asarray(images[index][0]), inside_uri(source.spec, index))


def _loaded(source: TorchvisionSource) -> Any:
    with _LOADING:  # else every thread would load its own
        return _cached(source)


@lru_cache(maxsize=_HELD_IN_MEMORY)
def _cached(source: TorchvisionSource) -> Any:
    return _construct(source, download=False)


def _construct(source: TorchvisionSource, download: bool) -> Any:
    # Torch takes seconds to import, and only this kind of source needs it.
    kind: Callable[..., Any] = getattr(importlib.import_module("torchvision.datasets"), source.name)
    by_flag = source.name in _BY_TRAIN_FLAG
    split = {"train": source.split == "train"} if by_flag else {"split": source.split}
    try:
        return kind(str(source.root), download=download, **split)
    except Exception as error:  # torchvision raises nearly every type on missing or damaged files
        reason = str(error).partition(" You can use download=True")[0].removesuffix(".")
        remedy = "check the connection" if download else "check the folder, or add --download"
        raise MintError(f"{source.spec} cannot be read ({reason}): {remedy}.") from error


def _listed(images: Any) -> Sequence[tuple[str, int]]:
    for attribute in ("samples", "_samples"):
        if hasattr(images, attribute):
            listed: Sequence[tuple[str, int]] = getattr(images, attribute)
            return listed
    return list(zip(images._image_files, images._labels, strict=True))
