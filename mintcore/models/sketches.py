"""Reduce long vectors to short ones that keep inner products in expectation."""

import hashlib

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


class CountSketch:
    """Adds up the values of a vector in buckets, each value with a random sign.

    The count sketch of Charikar, Chen and Farach-Colton 2002, known as feature hashing since
    Weinberger et al. 2009: linear, and the inner product of two sketches is that of the vectors in
    expectation over the signs, with a variance of at most twice the product of their squared norms
    over the size. Values are dealt out run by run: of ``size`` that follow each other, each goes to
    a bucket of its own, in a random order. So values within a run never collide, those of two runs
    do with a chance of 1 / size, and reading runs is many times faster than reading at random.

    Orders and signs come from the raw 64-bit stream of PCG64 (O'Neill 2014), which no version of
    numpy changes, seeded with the BLAKE2b of a name: the same on every machine and device.

    Args:
        name: What is sketched; other names give other signs and buckets.
        length: Values of a vector.
        size: Buckets.
        device: Where the vectors are.
    """

    def __init__(self, name: str, length: int, size: int, device: torch.device) -> None:
        seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest(), "big")
        runs = -(-length // size)
        draws = np.random.PCG64(seed).random_raw(runs * size).reshape(runs, size)
        # the lowest bit is the sign, all others the order
        order = np.argsort(draws >> np.uint64(1), axis=1, kind="stable")
        signs = 1.0 - 2.0 * np.take_along_axis(draws & np.uint64(1), order, 1).astype(np.float32)
        self._padding = runs * size - length
        places = order + np.arange(runs)[:, None] * size
        self._places = torch.from_numpy(places.reshape(-1)).to(device)
        self._signs = torch.from_numpy(signs).to(device)

    def __call__(self, vectors: Tensor) -> Tensor:
        """Sketch (N, length) vectors; gives (N, size)."""
        runs = functional.pad(vectors, (0, self._padding)).index_select(1, self._places)
        return runs.view(-1, *self._signs.shape).mul_(self._signs).sum(1)
