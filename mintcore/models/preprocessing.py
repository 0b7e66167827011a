"""From decoded pixels to what the audited model was trained to see.

The settings can be read without torch; torch is imported only where a tensor is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from mintcore.errors import MintError
from mintcore.images import Pixels

if TYPE_CHECKING:
    import torch

_MAX_SIDE_PX = 4096


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the model's input. Checked when made.

    Args:
        size: Height and width in pixels.
        mean: Mean of each channel, of pixels scaled to 0..1; one value for grey, three for RGB.
        std: Standard deviation of each channel, likewise.
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.size) != 2 or not all(1 <= side <= _MAX_SIDE_PX for side in self.size):
            raise MintError(
                f"An input size of {self.size} cannot be: give height and width from 1 to "
                f"{_MAX_SIDE_PX} pixels."
            )
        if len(self.mean) not in (1, 3) or len(self.std) != len(self.mean):
            raise MintError(
                f"{len(self.mean)} means and {len(self.std)} standard deviations do not fit: "
                "give one of each for grey input or three of each for RGB."
            )
        if not all(map(math.isfinite, self.mean)) or not all(0 < s < math.inf for s in self.std):
            raise MintError(
                f"Means {self.mean} and standard deviations {self.std} cannot be used: "
                "means must be finite and standard deviations above 0."
            )

    @property
    def channels(self) -> int:
        """1 for grey input, 3 for RGB."""
        return len(self.mean)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one preprocessed image."""
        return (self.channels, *self.size)

    def to_json(self) -> dict[str, list[int] | list[float]]:
        """Give the settings as JSON values."""
        return {"size": list(self.size), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Preprocessing:
        """Read the settings that ``to_json`` gave.

        Raises:
            MintError: A setting is missing or cannot be.
        """
        try:
            height, width = (int(side) for side in values["size"])
            mean = tuple(float(value) for value in values["mean"])
            std = tuple(float(value) for value in values["std"])
        except (KeyError, TypeError, ValueError) as error:
            raise MintError(
                f"{values!r} is not a preprocessing: give size, mean and std."
            ) from error
        return cls((height, width), mean, std)

    def resize_pixels(self, pixels: Pixels) -> torch.Tensor:
        """Resize the shorter side with antialiasing, and crop the centre.

        Args:
            pixels: (H, W, 3) RGB, uint8.

        Returns:
            (C, height, width), uint8. The pixels themselves where the size fits already; luminance
            (ITU-R 601) for one channel.
        """
        import torch  # noqa: PLC0415 - takes seconds, and the settings do without

        image = Image.fromarray(pixels)
        if self.channels == 1:
            image = image.convert("L")
        height, width = self.size
        if (image.height, image.width) != self.size:
            box = _centre_box(image.width, image.height, width / height)
            image = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
        array = np.array(image).reshape(height, width, self.channels)
        return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))

    def normalise(self, batch: torch.Tensor) -> torch.Tensor:
        """Scale to 0..1, subtract the mean, divide by the standard deviation.

        Args:
            batch: (N, C, H, W), uint8, on any device.

        Returns:
            (N, C, H, W), float32, on the same device.
        """
        scaled = batch.float() / 255
        mean = scaled.new_tensor(self.mean).view(1, -1, 1, 1)
        std = scaled.new_tensor(self.std).view(1, -1, 1, 1)
        return (scaled - mean) / std


def _centre_box(width: int, height: int, aspect: float) -> tuple[float, float, float, float]:
    """Give the largest centred box of an aspect: cropping first bounds the work for any image."""
    box_width = min(width, height * aspect)
    box_height = min(height, width / aspect)
    left, top = (width - box_width) / 2, (height - box_height) / 2
    return left, top, left + box_width, top + box_height
