"""Decode images ahead of the model that waits for them."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import torch

from mintcore.datasets.reading import read_pixels
from mintcore.errors import MintError
from mintcore.images import image_id
from mintcore.models.preprocessing import Preprocessing

BATCH_SIZE = 64
DECODE_THREADS = 2
BATCHES_AHEAD = 3


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


def decoded_ahead(preprocessing: Preprocessing, images: dict[str, str]) -> Iterator[Batch]:
    """Decode batches in order, a few ahead; at most BATCHES_AHEAD + 1 are in memory.

    Args:
        preprocessing: Of the model that waits.
        images: Sample id -> uri.
    """
    sample_ids = list(images)
    batches = (
        sample_ids[start : start + BATCH_SIZE] for start in range(0, len(sample_ids), BATCH_SIZE)
    )
    with ThreadPoolExecutor(DECODE_THREADS) as pool:

        def submit(count: int) -> list[Future[Batch]]:
            return [
                pool.submit(_decode, preprocessing, ids, images) for ids in islice(batches, count)
            ]

        waiting = submit(BATCHES_AHEAD)
        while waiting:
            ready = waiting.pop(0).result()
            waiting += submit(1)
            yield ready


def _decode(preprocessing: Preprocessing, sample_ids: list[str], images: dict[str, str]) -> Batch:
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
