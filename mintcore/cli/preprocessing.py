"""The options that say what a model's input looks like; shared by the commands that make models."""

from typing import Annotated

import typer

from mintcore.errors import MintError
from mintcore.models.preprocessing import COLOURS, INTERPOLATIONS, Preprocessing, channel_numbers
from mintcore.models.usual_inputs import usual_size

IMAGENET_MEAN = ".485,.456,.406"
IMAGENET_STD = ".229,.224,.225"

SizeOption = Annotated[
    str | None,
    typer.Option(
        help="Input size in pixels: 32, or 112x96 for height and width. By default 32 for "
        "mintcore (112 for its face networks) and 224 for torchvision and timm."
    ),
]
MeanOption = Annotated[
    str, typer.Option(help="Mean of each channel, pixels from 0 to 1: one value for grey.")
]
StdOption = Annotated[str, typer.Option(help="Standard deviation of each channel, likewise.")]
ResizeOption = Annotated[
    int | None,
    typer.Option(
        help="Resize the shorter side to so many pixels, then crop the centre; without it, the "
        "largest centred part is resized."
    ),
]
InterpolationOption = Annotated[str, typer.Option(help=f"Of {', '.join(INTERPOLATIONS)}.")]
ColoursOption = Annotated[str, typer.Option(help=f"Order of the channels: {' or '.join(COLOURS)}.")]


def preprocessing_of(
    arch: str,
    size: str | None,
    *,
    mean: str,
    std: str,
    resize: int | None,
    interpolation: str,
    colours: str,
) -> Preprocessing:
    """Read the options.

    Raises:
        MintError: One of them is not what it should be, or the size is needed and not given.
    """
    return Preprocessing(
        _size(size) if size else _usual_size(arch),
        channel_numbers(mean),
        channel_numbers(std),
        resize,
        interpolation,
        colours.upper(),
    )


def _usual_size(arch: str) -> tuple[int, int]:
    if ":" not in arch:
        raise MintError(
            f"--arch {arch!r} lacks its family: give torchvision:NAME, timm:NAME, mintcore:NAME, "
            "export:FILE.pt2 or package.module:factory."
        )
    usual = usual_size(arch)
    if usual is None:
        raise MintError(f"What size of input {arch} takes is not known: give --size.")
    return usual


def _size(text: str) -> tuple[int, int]:
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() for side in sides):
        raise MintError(f"--size {text!r} is not a size: give pixels, such as 32 or 112x96.")
    return int(sides[0]), int(sides[-1])
