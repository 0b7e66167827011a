"""Decode images ahead of the model that waits for them.

Threads are enough: Pillow decodes and resizes without Python's lock, and hashing needs none either.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import torch

from mintcore.datasets.reading import read_pixels
from mintcore.errors import MintError
from mintcore.images import image_id
from mintcore.models.preprocessing import Preprocessing

MAX_WORKERS = 8


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
    """Decode batches in order, one ahead for each worker and one more.

    Args:
        preprocessing: Of the model that waits.
        images: Sample id -> uri.
        batch_size: Images a batch; the last may be smaller.
        workers: Threads that decode.
    """
    sample_ids = list(images)
    batches = (
        sample_ids[start : start + batch_size] for start in range(0, len(sample_ids), batch_size)
    )
    with ThreadPoolExecutor(workers) as pool:

        def submit(count: int) -> list[Future[Batch]]:
            return [
                pool.submit(_decode, preprocessing, ids, images) for ids in islice(batches, count)
            ]

        waiting = submit(workers + 1)
        while waiting:
            ready = waiting.pop(0).result()
            waiting += submit(1)
            yield ready


def _decode(
    preprocessing: Preprocessing, sample_ids: list[str], images: Mapping[str, str]
) -> Batch:
    failures: dict[str, tuple[str, str]] = {}
    height, width = preprocessing.size
    pixels = torch.zeros(
        (len(sample_ids), preprocessing.channels, height, width), dtype=torch.uint8
    )
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
        pixels[position] = preprocessing.resize_pixels(image)
    return Batch(sample_ids, pixels, failures)
