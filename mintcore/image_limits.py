"""How large an image may be, as the environment says."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from mintcore.settings import IMAGE_MIB, IMAGE_MPIXELS, whole_number

_MIB = 2**20


@dataclass(frozen=True)
class ImageLimits:
    """What is refused before anything is decoded.

    Args:
        file_bytes: Most bytes of the encoded image.
        pixels: Most pixels, width times height.
    """

    file_bytes: int = int(IMAGE_MIB.default) * _MIB
    pixels: int = int(IMAGE_MPIXELS.default) * 1_000_000


def image_limits(environment: Mapping[str, str] = os.environ) -> ImageLimits:
    """Read the limits from environment variables.

    Raises:
        MintError: One is no whole number, or below 1.
    """
    return ImageLimits(
        whole_number(IMAGE_MIB, environment) * _MIB,
        whole_number(IMAGE_MPIXELS, environment) * 1_000_000,
    )
