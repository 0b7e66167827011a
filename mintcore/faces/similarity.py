"""How alike two faces are to a face model: the cosine of their embeddings."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mintcore.datasets.reading import read_pixels
from mintcore.faces.pairs import Pair, find_images
from mintcore.faces.verification import Verification, require_folds, verify
from mintcore.models.audited import AuditedModel
from mintcore.progress import Reporter

BATCH_SIZE = 64
_DECODE_THREADS = 2


def verify_pairs(
    model: AuditedModel, images: str, pairs: Sequence[Pair], reporter: Reporter
) -> Verification:
    """Test a face model on pairs of faces.

    Args:
        model: The face model; the embedding is its output.
        images: A folder or ``arrays:FILE.npz``, as ``find_images`` takes it.
        pairs: At least two folds of them.
        reporter: Told of every batch.

    Raises:
        MintError: An image is missing or unreadable, or there are too few folds.
    """
    folds = np.array([pair.fold for pair in pairs])
    require_folds(folds)  # before thousands of faces are embedded for nothing
    names = {name for pair in pairs for name in (pair.first, pair.second)}
    embeddings = embed(model, find_images(images, names), reporter)
    similarities = np.array(
        [float(embeddings[pair.first] @ embeddings[pair.second]) for pair in pairs]
    )
    is_same = np.array([pair.is_same for pair in pairs])
    return verify(similarities, is_same, folds)


def embed(
    model: AuditedModel, images: Mapping[str, str], reporter: Reporter
) -> dict[str, np.ndarray]:
    """Embed faces: the embeddings of an image and of its mirror image, one after the other.

    Args:
        model: The face model.
        images: Name -> uri.
        reporter: Told of every batch.

    Returns:
        Name -> (2 * C,) float64 of length 1.
    """
    reporter.stage(f"Embed faces with {model.name}", len(images))
    found: dict[str, np.ndarray] = {}
    for names, pixels in _batches(model, images):
        rows = _embeddings(model, pixels.to(model.device)).cpu().numpy()
        found.update(zip(names, rows, strict=True))
        reporter.advance(len(names))
    return found


def _embeddings(model: AuditedModel, pixels: Tensor) -> Tensor:
    """Map (N, C, H, W) uint8 to (N, 2 * embedding), float64 of length 1."""
    batch = model.preprocessing.normalise(pixels)
    with torch.inference_mode():
        halves = [
            model.module(images.contiguous(memory_format=torch.channels_last)).flatten(1).double()
            for images in (batch, batch.flip(3))
        ]
    return functional.normalize(torch.cat(halves, dim=1))


def _batches(model: AuditedModel, images: Mapping[str, str]) -> Iterator[tuple[list[str], Tensor]]:
    names = list(images)
    with ThreadPoolExecutor(_DECODE_THREADS) as pool:
        for start in range(0, len(names), BATCH_SIZE):
            some = names[start : start + BATCH_SIZE]
            pixels = pool.map(read_pixels, (images[name] for name in some))
            yield some, torch.stack([model.preprocessing.resize_pixels(one) for one in pixels])
