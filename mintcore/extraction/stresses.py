"""Fixed stressed queries: the same image as training never showed it.

Flipped and shifted queries say how surely the model answers for what it may have been shown. Stressed queries say how
sure it would be of such an image without having been shown it: farther shifts, other borders, turned, zoomed,
recoloured, blurred, cut. The k-th is the same for every image, every model and every run.

torchvision's transforms are imported where they are used: they load the compiler of PyTorch, some seconds, and
whoever reads the name of a view imports this module.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

Stress = Callable[[Tensor], Tensor]
"""Turns (N, C, H, W) in 0..1 into what is shown."""

GREY = 0.5
_WHITE = 255


def stress(pixels: Tensor, how: Stress) -> Tensor:
    """Show images under stress.

    Args:
        pixels: (N, C, H, W) uint8.
        how: Of ``STRESSES``.

    Returns:
        (N, C, H, W) float32 in 0..255.
    """
    return how(pixels.to(torch.float32) / _WHITE).clamp(0, 1) * _WHITE


def _shifted(
    pixels: Tensor, down: float, right: float, border: str = "constant", fill: float = 0
) -> Tensor:
    """Shift by shares of the sides."""
    height, width = pixels.shape[2:]
    by_down, by_right = round(down * height), round(right * width)
    rows, columns = abs(by_down), abs(by_right)
    value = fill if border == "constant" else None
    wide = functional.pad(pixels, (columns, columns, rows, rows), border, value)
    top, left = rows - by_down, columns - by_right
    return wide[:, :, top : top + height, left : left + width]


def _turned(pixels: Tensor, degrees: float = 0.0, scale: float = 1.0) -> Tensor:
    from torchvision.transforms.v2 import functional as transforms  # noqa: PLC0415 - as said above

    way = transforms.InterpolationMode.BILINEAR
    turned: Tensor = transforms.affine(
        pixels, degrees, [0, 0], scale, [0.0, 0.0], interpolation=way
    )
    return turned


def _pale(pixels: Tensor) -> Tensor:
    mean = pixels.mean((1, 2, 3), keepdim=True)
    return (pixels - mean) / 2 + mean


def _colourless(pixels: Tensor) -> Tensor:
    return pixels.mean(1, keepdim=True).expand_as(pixels)


def _blurred(pixels: Tensor) -> Tensor:
    from torchvision.transforms.v2 import functional as transforms  # noqa: PLC0415 - as said above

    deviation = max(pixels.shape[2:]) / 32
    blurred: Tensor = transforms.gaussian_blur(pixels, 2 * round(2 * deviation) + 1, deviation)
    return blurred


def _cut(pixels: Tensor) -> Tensor:
    height, width = pixels.shape[2:]
    cut = pixels.clone()
    cut[:, :, height // 4 : 3 * height // 4, width // 2 :] = GREY
    return cut


def _coarse(pixels: Tensor) -> Tensor:
    height, width = pixels.shape[2:]
    half = (-(-height // 2), -(-width // 2))
    small = functional.interpolate(pixels, half, mode="bilinear", antialias=True)
    return functional.interpolate(small, (height, width), mode="bilinear")


STRESSES: tuple[Stress, ...] = (
    partial(_shifted, down=6 / 32, right=0),
    partial(_shifted, down=0, right=-6 / 32),
    partial(_shifted, down=8 / 32, right=8 / 32),
    partial(_turned, degrees=10.0),
    partial(_turned, degrees=-20.0),
    partial(_turned, scale=0.8),
    partial(_turned, scale=1.2),
    _pale,
    _colourless,
    _blurred,
    _cut,
    partial(torch.flip, dims=(2,)),
    _coarse,
    partial(_shifted, down=4 / 32, right=4 / 32, border="reflect"),
    partial(_shifted, down=4 / 32, right=4 / 32, fill=GREY),
)
