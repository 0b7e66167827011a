"""Decode images ahead of the model that waits for them.

Threads are enough: Pillow decodes and resizes without Python's lock, and hashing needs none either.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import torch

from mintcore.datasets.reading import read_pixels
from mintcore.datasets.uris import parse_uri
from mintcore.errors import MintError
from mintcore.images import image_id
from mintcore.models.preprocessing import Preprocessing

MAX_WORKERS = 8

_DECODED = ("npz", "torchvision")


@dataclass(frozen=True)
class Batch:
    """Images that are decoded and resized.

    Attributes:
        sample_ids: B ids.
        pixels: (B, C, H, W) uint8; zeros where decoding failed.
        failures: Sample id -> (status, reason) of those that failed.
    """

    sample_ids: list[str]
    pixels: torch.Tensor
    failures: dict[str, tuple[str, str]]


def default_workers() -> int:
    """Give the number of decoding threads where none was asked for."""
    return min(os.cpu_count() or 1, MAX_WORKERS)


def decoded_ahead(
    preprocessing: Preprocessing, images: Mapping[str, str], batch_size: int, workers: int
) -> Iterator[Batch]:
    """Decode batches in order beside a model that runs on an accelerator.

    Args:
        preprocessing: Of the model that waits.
        images: Sample id -> uri.
        batch_size: Images a batch; the last may be smaller.
        workers: Threads that decode; so many batches and one more are decoded ahead.
    """
    batches = _batches(images, batch_size)
    workers = _useful_workers(images, workers)
    with ThreadPoolExecutor(workers) as pool:

        def submit(count: int) -> list[Future[Batch]]:
            return [pool.submit(_decode, preprocessing, some) for some in islice(batches, count)]

        waiting = submit(workers + 1)
        while waiting:
            ready = waiting.pop(0).result()
            waiting += submit(1)
            yield ready


def decoded_in_turns(
    preprocessing: Preprocessing, images: Mapping[str, str], batch_size: int, workers: int
) -> Iterator[Batch]:
    """Decode batches in order in turns with a model that runs on the same processor.

    Beside each other, both are slower than one after the other: the threads of a convolution wait
    for the last of them, which waits for a core that decodes.

    Args:
        preprocessing: Of the model that waits.
        images: Sample id -> uri.
        batch_size: Images a batch; the last may be smaller.
        workers: Threads that decode, a batch each a turn.
    """
    batches = _batches(images, batch_size)
    workers = _useful_workers(images, workers)
    with ThreadPoolExecutor(workers) as pool:
        while turn := list(islice(batches, workers)):
            yield from list(pool.map(partial(_decode, preprocessing), turn))


def _useful_workers(images: Mapping[str, str], workers: int) -> int:
    """Give one worker to images that are decoded already: several would wait for Python's lock."""
    decoded = all(parse_uri(uri).kind in _DECODED for uri in islice(images.values(), 1))
    return 1 if decoded else workers


def _batches(images: Mapping[str, str], batch_size: int) -> Iterator[dict[str, str]]:
    left = iter(images.items())
    while some := dict(islice(left, batch_size)):
        yield some


def _decode(preprocessing: Preprocessing, images: Mapping[str, str]) -> Batch:
    sample_ids = list(images)
    failures: dict[str, tuple[str, str]] = {}
    height, width = preprocessing.size
    # numpy's, for torch would make this thread threads of its own, which slow down those of the model
    pixels = np.zeros((len(sample_ids), preprocessing.channels, height, width), np.uint8)
    for position, sample_id in enumerate(sample_ids):
        try:
            image = read_pixels(images[sample_id])
        except MintError as error:
            failures[sample_id] = ("unreadable", str(error))
            continue
        if image_id(image) != sample_id:
            failures[sample_id] = (
                "changed",
                f"{images[sample_id]} is not the image that was registered",
            )
            continue
        pixels[position] = preprocessing.resized(image)
    return Batch(sample_ids, torch.from_numpy(pixels), failures)
