import base64
import io

import numpy as np
from PIL import Image

from dashboard.parts.thumbnails import data_uri


def decoded(address: str) -> Image.Image:
    kind, _, content = address.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_data_uri__holds_the_pixels_of_a_small_image() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (28, 20, 3), np.uint8)
    assert (np.asarray(decoded(data_uri(pixels))) == pixels).all()


def test_data_uri__a_large_image_is_made_small_and_keeps_its_shape() -> None:
    assert decoded(data_uri(np.zeros((600, 1200, 3), np.uint8))).size == (192, 96)
