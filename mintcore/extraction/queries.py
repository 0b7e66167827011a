"""Fixed augmented queries: the same image as training may have shown it, flipped and shifted.

LiRA (Carlini et al. 2022, arXiv 2112.03570, section VI.C) asks the audited model about the augmentations of an image
too, since a model remembers what it was shown. The queries are fixed, not random: the k-th query is the same for every
image, every model and every run, so a store can keep what the model computes for it.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from torch import Tensor
from torch.nn import functional

from mintcore.extraction.limits import MAX_QUERIES

# as torchvision's RandomCrop(32, padding=4) shifts in training: an eighth of the side, over black
_SHIFT_SHARE = 8
_STEPS = range(-4, 5)


@dataclass(frozen=True)
class Query:
    """How an image is shown.

    Attributes:
        flip: Whether left and right are swapped.
        down: Shift downwards, in quarters of the largest shift, -4 to 4.
        right: Shift to the right, likewise.
    """

    flip: bool
    down: int
    right: int


def _fixed_order() -> list[Query]:
    """Put the image itself first, its mirror image second, the shifts after them in a seeded order."""
    first = [Query(False, 0, 0), Query(True, 0, 0)]
    rest = [
        query
        for query in (Query(bool(flip), *by) for flip, *by in product((0, 1), _STEPS, _STEPS))
        if query not in first
    ]
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(rest))
    return [*first, *(rest[position] for position in order)][:MAX_QUERIES]


QUERIES = _fixed_order()


def show(pixels: Tensor, query: Query) -> Tensor:
    """Show images as a query says.

    Args:
        pixels: (N, C, H, W), any type.
        query: How to show them. The largest shift is an eighth of each side.

    Returns:
        (N, C, H, W); what is shifted in is black.
    """
    height, width = pixels.shape[2:]
    down = round(query.down * (height // _SHIFT_SHARE) / _STEPS[-1])
    right = round(query.right * (width // _SHIFT_SHARE) / _STEPS[-1])
    shown = pixels.flip(3) if query.flip else pixels
    return functional.pad(shown, (right, -right, down, -down))
