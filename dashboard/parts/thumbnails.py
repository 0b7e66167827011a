"""Images of a dataset as small pictures with their scores."""

import base64
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard.reading import thumbnail
from dashboard.wording import plain
from mintcore.errors import PERSON_ERRORS

_A_ROW = 8
_SIDE_PX = 96
_SHARP_PX = 2 * _SIDE_PX  # for screens with two pixels a point


def thumbnails(images: pd.DataFrame) -> None:
    """Draw images in rows, each with its score and label; one that cannot be read says so.

    Args:
        images: ``uri``, ``score``, ``p_value`` and ``label`` of each.
    """
    rows: Iterator[dict[str, Any]] = iter(images.to_dict("records"))
    while batch := list(islice(rows, _A_ROW)):
        _row(batch)


def _row(batch: Sequence[dict[str, Any]]) -> None:
    for column, image in zip(st.columns(_A_ROW), batch, strict=False):
        with column:
            picture(image["uri"])
            label = f", label {plain(str(image['label']))}" if image["label"] else ""
            st.caption(f"score {image['score']:.2f}{label}")


def picture(uri: str) -> None:
    """Draw one stored image at the size of a thumbnail, or say why it cannot be drawn."""
    try:
        show_pixels(thumbnail(uri))
    except PERSON_ERRORS as error:
        st.caption(plain(str(error)))


def show_pixels(pixels: np.ndarray) -> None:
    """Draw pixels at the size of a thumbnail, (H, W, 3) uint8."""
    st.image(data_uri(pixels), width=_SIDE_PX)


def data_uri(pixels: np.ndarray) -> str:
    """Write pixels into an address of their own, made small.

    Streamlit serves other pictures from files that go when the page runs again, which can be before the browser has
    fetched them.

    Args:
        pixels: (H, W, 3) uint8.
    """
    picture = Image.fromarray(pixels)
    picture.thumbnail((_SHARP_PX, _SHARP_PX))
    encoded = io.BytesIO()
    picture.save(encoded, "PNG")
    return f"data:image/png;base64,{base64.b64encode(encoded.getvalue()).decode()}"
