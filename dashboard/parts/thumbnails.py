"""Images of a dataset as small pictures with their scores."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st
from PIL import Image

from dashboard.reading import thumbnail
from dashboard.wording import as_html, plain
from mintcore.errors import PERSON_ERRORS

_SIDE_PX = 96
_SHARP_PX = 2 * _SIDE_PX  # for screens with two pixels a point
_KEPT = 1000
_GRID = f"display:grid;grid-template-columns:repeat(auto-fill,minmax({_SIDE_PX}px,1fr));gap:0.75rem"
_FIGURE = "margin:0;min-width:0"
_IMAGE = f"width:{_SIDE_PX}px;height:{_SIDE_PX}px;object-fit:contain;border-radius:0.25rem"
_CAPTION = "font-size:0.8rem;line-height:1.25;opacity:0.8;overflow-wrap:anywhere"


@dataclass(frozen=True)
class Thumbnail:
    """A stored image as a small picture.

    Attributes:
        uri: Where it is.
        lines: What stands below it, text as it is.
    """

    uri: str
    lines: Sequence[str]


def thumbnails(pictures: Sequence[Thumbnail]) -> None:
    """Draw stored images in a grid; one that cannot be read says why."""
    figures = "".join(_figure(picture) for picture in pictures)
    st.html(f'<div style="{_GRID}">{figures}</div>')


def _figure(picture: Thumbnail) -> str:
    lines = "<br>".join(map(as_html, picture.lines))
    try:
        drawn = f'<img src="{_address(picture.uri)}" alt="" style="{_IMAGE}">'
    except PERSON_ERRORS as error:
        drawn = f'<div style="{_CAPTION}">{as_html(str(error))}</div>'
    return f'<figure style="{_FIGURE}">{drawn}<figcaption style="{_CAPTION}">{lines}</figcaption></figure>'


@st.cache_data(show_spinner=False, max_entries=_KEPT, ttl="10m")
def _address(uri: str) -> str:
    """Give a stored image as an address of its own; for ten minutes, since its file may change."""
    return data_uri(thumbnail(uri))


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
    return written_into_address(picture, "PNG")


def written_into_address(picture: Image.Image, form: Literal["PNG", "JPEG"], **options: int) -> str:
    """Write a picture into an address of its own.

    Args:
        picture: The picture.
        form: Its format.
        **options: Of Pillow, for that format.
    """
    encoded = io.BytesIO()
    picture.save(encoded, form, **options)
    content = base64.b64encode(encoded.getvalue()).decode()
    return f"data:image/{form.lower()};base64,{content}"
