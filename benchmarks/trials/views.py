"""Ways to show a 32 x 32 image: those that training used, and others."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import functional as transforms
from torchvision.transforms.functional import InterpolationMode

from mintcore.extraction.queries import QUERIES

Show = Callable[[Tensor], Tensor]
"""Turn (B, 3, 32, 32) in 0..1 into what is shown."""
SIDE_PX = 32
GREY = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)

SHOWN = [f"s_{int(query.flip)}_{query.down}_{query.right}" for query in QUERIES]
"""The fixed queries, 64 of the 162 ways in which flip and crop show an image: s_FLIP_DOWN_RIGHT."""
UNSEEN = [
    *("s_0_6_0", "s_1_0_-6", "s_0_8_8", "rot_10", "rot_-20", "zoom_0.8", "zoom_1.2"),
    *("contrast_0.5", "gray", "blur_1.0", "cut_8_8_16", "vflip", "down_16"),
    *("refl_0_4_4", "grey_0_4_4"),
]
"""What flip and crop never show: farther shifts, other borders, turned, zoomed, recoloured, blurred, cut."""


def show(name: str) -> Show:
    """Give the way of a name: a letter or word, then numbers."""
    word, *numbers = name.split("_")
    return partial(_WAYS[word], *(float(number) for number in numbers))


def _shift(flip: float, down: float, right: float, x: Tensor, mode: str = "constant") -> Tensor:
    margin = int(max(abs(down), abs(right)))
    shown = functional.pad(x.flip(3) if flip else x, (margin,) * 4, mode=mode)
    top, left = margin - int(down), margin - int(right)
    return shown[:, :, top : top + SIDE_PX, left : left + SIDE_PX]


def _on_grey(flip: float, down: float, right: float, x: Tensor) -> Tensor:
    return _shift(flip, down, right, x - GREY) + GREY


def _affine(x: Tensor, angle: float = 0.0, scale: float = 1.0) -> Tensor:
    bilinear = InterpolationMode.BILINEAR
    return transforms.affine(x, angle, [0, 0], scale, [0.0, 0.0], interpolation=bilinear)


def _contrast(factor: float, x: Tensor) -> Tensor:
    mean = x.mean((1, 2, 3), keepdim=True)
    return ((x - mean) * factor + mean).clamp(0, 1)


def _cut(top: float, left: float, side: float, x: Tensor) -> Tensor:
    rows, columns = slice(int(top), int(top + side)), slice(int(left), int(left + side))
    cut = x.clone()
    cut[:, :, rows, columns] = GREY
    return cut


def _coarse(side: float, x: Tensor) -> Tensor:
    small = functional.interpolate(x, int(side), mode="bilinear", antialias=True)
    return functional.interpolate(small, SIDE_PX, mode="bilinear")


_WAYS: dict[str, Callable[..., Tensor]] = {
    "s": _shift,
    "refl": partial(_shift, mode="reflect"),
    "grey": _on_grey,
    "rot": lambda angle, x: transforms.rotate(x, angle, InterpolationMode.BILINEAR),
    "zoom": lambda factor, x: _affine(x, scale=factor),
    "contrast": _contrast,
    "gray": lambda x: transforms.rgb_to_grayscale(x, 3),
    "blur": lambda std, x: transforms.gaussian_blur(x, 5, std),
    "cut": _cut,
    "vflip": lambda x: x.flip(2),
    "down": _coarse,
}
