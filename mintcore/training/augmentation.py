"""Random changes of training images, drawn on the CPU so that every device sees the same."""

import torch
from torch import Tensor
from torch.nn import functional

from mintcore.training.settings import CROP_FLIP, NONE

BORDER_SHARE = 8
"""A crop moves by up to 1 / BORDER_SHARE of each side, as ``RandomCrop(32, padding=4)`` does."""


def augment(pixels: Tensor, how: str, draws: torch.Generator) -> Tensor:
    """Change each image of a batch at random.

    Args:
        pixels: (N, C, H, W), any type and device.
        how: "none", "flip" or "crop-flip".
        draws: Where the random numbers come from; on the CPU.

    Returns:
        (N, C, H, W), the same type and device.
    """
    if how == NONE:
        return pixels
    if how == CROP_FLIP:
        pixels = _cropped(pixels, draws)
    mirrored = torch.rand(len(pixels), generator=draws) < 0.5
    return torch.where(mirrored.to(pixels.device).view(-1, 1, 1, 1), pixels.flip(3), pixels)


def _cropped(pixels: Tensor, draws: torch.Generator) -> Tensor:
    count, _, height, width = pixels.shape
    down, right = height // BORDER_SHARE, width // BORDER_SHARE
    padded = functional.pad(pixels, (right, right, down, down))
    tops = torch.randint(2 * down + 1, (count, 1), generator=draws)
    lefts = torch.randint(2 * right + 1, (count, 1), generator=draws)
    rows = (tops + torch.arange(height)).to(pixels.device)
    columns = (lefts + torch.arange(width)).to(pixels.device)
    images = torch.arange(count, device=pixels.device).view(-1, 1, 1, 1)
    channels = torch.arange(pixels.shape[1], device=pixels.device).view(1, -1, 1, 1)
    return padded[images, channels, rows[:, None, :, None], columns[:, None, None, :]]
