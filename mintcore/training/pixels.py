"""The pixels of training images: kept in memory where they fit, otherwise decoded whenever they are wanted."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from mintcore.datasets.reading import read_pixels
from mintcore.errors import MintError
from mintcore.images import image_id
from mintcore.models.preprocessing import Preprocessing
from mintcore.progress import Reporter
from mintcore.training.examples import Examples

KEPT_BYTES = 2**30
"""Pixels up to this size are decoded once and kept, on the device that trains."""

_CHUNK_IMAGES = 256
_MOST_THREADS = 16


class Pixels(Protocol):
    """Gives the images of a batch by their positions."""

    def batches(self, positions: Iterable[Tensor]) -> Iterator[Tensor]:
        """Yield (B, C, H, W) uint8 on the device for each (B,) int64 on the CPU."""


def open_pixels(
    examples: Examples,
    preprocessing: Preprocessing,
    device: torch.device,
    reporter: Reporter,
    kept_bytes: int = KEPT_BYTES,
) -> Pixels:
    """Make the pixels of some images ready.

    Args:
        examples: The images.
        preprocessing: Resizes them.
        device: Where the batches are wanted.
        reporter: Told of the decoding, where it is done at once.
        kept_bytes: Keep them in memory up to this size.

    Raises:
        MintError: An image cannot be read any more, or is another one by now.
    """
    channels, height, width = preprocessing.shape
    if len(examples) * channels * height * width > kept_bytes:
        return DecodedPixels(examples, preprocessing, device)
    return KeptPixels(examples, preprocessing, device, reporter)


class KeptPixels:
    """All images, decoded once. Arguments as ``open_pixels`` has them."""

    def __init__(
        self,
        examples: Examples,
        preprocessing: Preprocessing,
        device: torch.device,
        reporter: Reporter,
    ) -> None:
        reporter.stage("Read the images", len(examples))
        pixels = torch.empty((len(examples), *preprocessing.shape), dtype=torch.uint8)
        chunks = torch.arange(len(examples)).split(_CHUNK_IMAGES)
        decoded = DecodedPixels(examples, preprocessing, torch.device("cpu"))
        for chunk, batch in zip(chunks, decoded.batches(chunks), strict=True):
            pixels[chunk] = batch
            reporter.advance(len(chunk))
        self._pixels = pixels.to(device)

    def batches(self, positions: Iterable[Tensor]) -> Iterator[Tensor]:
        """Yield (B, C, H, W) uint8 on the device for each (B,) int64 on the CPU."""
        for wanted in positions:
            yield self._pixels[wanted.to(self._pixels.device)]


class DecodedPixels:
    """Images that are decoded by threads, a few batches ahead. Arguments as ``open_pixels`` has them."""

    def __init__(
        self, examples: Examples, preprocessing: Preprocessing, device: torch.device
    ) -> None:
        self._examples, self._preprocessing, self._device = examples, preprocessing, device

    def batches(self, positions: Iterable[Tensor]) -> Iterator[Tensor]:
        """Yield (B, C, H, W) uint8 on the device for each (B,) int64 on the CPU."""
        threads = min(os.cpu_count() or 1, _MOST_THREADS)
        remaining = iter(positions)
        pool = ThreadPoolExecutor(threads, "decode")
        try:
            first = islice(remaining, threads + 1)
            waiting: deque[Future[Tensor]] = deque(pool.submit(self._decode, one) for one in first)
            while waiting:
                batch = waiting.popleft().result()
                waiting.extend(pool.submit(self._decode, one) for one in islice(remaining, 1))
                yield batch.to(self._device, non_blocking=True)
        finally:
            pool.shutdown(cancel_futures=True)

    def _decode(self, positions: Tensor) -> Tensor:
        batch = torch.empty((len(positions), *self._preprocessing.shape), dtype=torch.uint8)
        for row, position in enumerate(positions.tolist()):
            batch[row] = self._decode_one(position)
        return batch.pin_memory() if self._device.type == "cuda" else batch

    def _decode_one(self, position: int) -> Tensor:
        uri = self._examples.uris[position].as_py()
        image = read_pixels(uri)
        # a ledger that names another image than the one seen would be no ground truth
        if image_id(image) != self._examples.sample_ids[position].as_py():
            raise MintError(
                f"{uri} is not the image that was registered: register the dataset again under another name."
            )
        return self._preprocessing.resize_pixels(image)
