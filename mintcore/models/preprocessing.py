"""From decoded pixels to what the audited model was trained to see.

The settings can be read without torch; torch is imported only where a tensor is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from mintcore.errors import MintError
from mintcore.images import Pixels

if TYPE_CHECKING:
    import torch

INTERPOLATIONS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "nearest": Image.Resampling.NEAREST,
}
COLOURS = ("RGB", "BGR")

_MAX_SIDE_PX = 4096
# A longer image is cropped to this before it is resized, which bounds the work for any image.
_MAX_ASPECT = 32


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the model's input. Checked when made.

    Args:
        size: Height and width in pixels.
        mean: Mean of each channel, of pixels scaled to 0..1; one value for grey, three for colour.
        std: Standard deviation of each channel, likewise.
        resize: Pixels of the shorter side before the centre is cropped, as torchvision's
            ``Resize(resize)`` and ``CenterCrop(size)``; None resizes the largest centred part of the
            wanted aspect.
        interpolation: One of ``INTERPOLATIONS``; all but "nearest" are antialiased.
        colours: "RGB" or "BGR", the order of the channels; of ``mean`` and ``std`` too.
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: int | None = None
    interpolation: str = "bilinear"
    colours: str = "RGB"

    def __post_init__(self) -> None:
        self._check_geometry()
        self._check_channels()

    def _check_geometry(self) -> None:
        if len(self.size) != 2 or not all(1 <= side <= _MAX_SIDE_PX for side in self.size):
            raise MintError(
                f"An input size of {self.size} cannot be: give height and width from 1 to "
                f"{_MAX_SIDE_PX} pixels."
            )
        if self.resize is not None and not max(self.size) <= self.resize <= _MAX_SIDE_PX:
            raise MintError(
                f"A shorter side of {self.resize} pixels does not hold a crop of {self.size}: give "
                f"{max(self.size)} to {_MAX_SIDE_PX}."
            )
        if self.interpolation not in INTERPOLATIONS:
            raise MintError(
                f"There is no interpolation {self.interpolation!r}: choose of "
                f"{', '.join(INTERPOLATIONS)}."
            )

    def _check_channels(self) -> None:
        if self.colours not in COLOURS:
            raise MintError(f"There are no colours {self.colours!r}: choose RGB or BGR.")
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
        """1 for grey input, 3 for colour."""
        return len(self.mean)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one preprocessed image."""
        return (self.channels, *self.size)

    def to_json(self) -> dict[str, Any]:
        """Give the settings as JSON values.

        Those that are as usual are left out, so that the fingerprint of a model does not change
        whenever there is one setting more to choose.
        """
        usual = {field.name: field.default for field in fields(self)}
        chosen = {name: value for name, value in asdict(self).items() if value != usual[name]}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in chosen.items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Preprocessing:
        """Read the settings that ``to_json`` gave.

        Raises:
            MintError: A setting is missing, unknown or cannot be.
        """
        try:
            height, width = (int(side) for side in values["size"])
            read = {
                **values,
                "size": (height, width),
                "mean": tuple(float(value) for value in values["mean"]),
                "std": tuple(float(value) for value in values["std"]),
            }
            return cls(**read)
        except (KeyError, TypeError, ValueError) as error:
            raise MintError(
                f"{values!r} is not a preprocessing: give size, mean and std."
            ) from error

    def resized(self, pixels: Pixels) -> Pixels:
        """Resize and crop the centre.

        Args:
            pixels: (H, W, 3) RGB, uint8.

        Returns:
            (C, height, width), uint8. The pixels themselves where the size fits already; luminance
            (ITU-R 601) for one channel.
        """
        height, width = self.size
        fits = self.resize is None and pixels.shape == (height, width, self.channels)
        array = pixels if fits else self._resized(pixels)
        return (array[:, :, ::-1] if self.colours == "BGR" else array).transpose(2, 0, 1)

    def resize_pixels(self, pixels: Pixels) -> torch.Tensor:
        """Give what ``resized`` gives as a tensor with memory of its own."""
        import torch  # noqa: PLC0415 - takes seconds, and the settings do without

        return torch.from_numpy(self.resized(pixels).copy())

    def normalise(self, batch: torch.Tensor) -> torch.Tensor:
        """Scale to 0..1, subtract the mean, divide by the standard deviation.

        Args:
            batch: (N, C, H, W), uint8, on any device.

        Returns:
            (N, C, H, W), float32, on the same device.
        """
        import torch  # noqa: PLC0415 - as above

        scaled = batch.to(torch.float32, copy=True).div_(255)
        mean = scaled.new_tensor(self.mean).view(1, -1, 1, 1)
        std = scaled.new_tensor(self.std).view(1, -1, 1, 1)
        return scaled.sub_(mean).div_(std)

    def _resized(self, pixels: Pixels) -> Pixels:
        image = Image.fromarray(pixels)
        if self.channels == 1:
            image = image.convert("L")
        image = self._fitted(image) if self.resize is None else self._cropped(image, self.resize)
        return np.asarray(image).reshape(*self.size, self.channels)

    def _fitted(self, image: Image.Image) -> Image.Image:
        """Resize the largest centred part that has the wanted aspect."""
        height, width = self.size
        if (image.height, image.width) == self.size:
            return image  # in colour, and grey is wanted
        box = _centre_box(image.width, image.height, width / height)
        return image.resize((width, height), INTERPOLATIONS[self.interpolation], box=box)

    def _cropped(self, image: Image.Image, shorter: int) -> Image.Image:
        """Resize the shorter side, then crop the centre, with torchvision's rounding."""
        from torchvision.transforms.v2 import functional  # noqa: PLC0415 - as above

        image = _without_far_ends(image)
        way = functional.InterpolationMode(self.interpolation)
        resized = functional.resize(image, [shorter], interpolation=way, antialias=True)
        cropped: Image.Image = functional.center_crop(resized, list(self.size))
        return cropped


def channel_numbers(text: str) -> tuple[float, ...]:
    """Read the mean or the standard deviation of each channel, as a person writes them.

    Raises:
        MintError: It is something else.
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise MintError(
            f"{text!r} is not numbers separated by commas: give 0.5 or 0.5, 0.5, 0.5."
        ) from error


def _centre_box(width: int, height: int, aspect: float) -> tuple[float, float, float, float]:
    """Give the largest centred box of an aspect: cropping first bounds the work for any image."""
    box_width = min(width, height * aspect)
    box_height = min(height, width / aspect)
    left, top = (width - box_width) / 2, (height - box_height) / 2
    return left, top, left + box_width, top + box_height


def _without_far_ends(image: Image.Image) -> Image.Image:
    longest = _MAX_ASPECT * min(image.size)
    if max(image.size) <= longest:
        return image
    width, height = min(image.width, longest), min(image.height, longest)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
