"""Images that a person wants judged: uploaded, or an example of a dataset."""

from typing import Any

import numpy as np
import streamlit as st

from dashboard import reading
from dashboard.parts.choices import choice
from dashboard.parts.errors import errors_as_sentences
from mintcore.datasets.reading import samples
from mintcore.images import decode_image

Named = tuple[str, np.ndarray]

TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "avif"]
_UPLOAD = "Upload images"
_EXAMPLE = "Take an example from a dataset"


def image_choice(datasets: reading.Rows) -> list[Named]:
    """Let the person give images; those that cannot be read are said and left out.

    Returns:
        Name and (H, W, 3) uint8 pixels of each.
    """
    ways = [_UPLOAD, _EXAMPLE] if datasets else [_UPLOAD]
    way = st.segmented_control(
        "Where from", ways, default=_UPLOAD, required=True, label_visibility="collapsed"
    )
    return _example(datasets) if way == _EXAMPLE else _uploaded()


def _uploaded() -> list[Named]:
    files = st.file_uploader(
        "One or many images",
        type=TYPES,
        accept_multiple_files=True,
        help="They are judged on this machine and not kept.",
    )
    images = []
    for file in files:
        with errors_as_sentences():
            images.append((file.name, decode_image(file.getvalue(), name=file.name)))
    return images


def _example(datasets: reading.Rows) -> list[Named]:
    left, right = st.columns(2)
    with left:
        name = choice("Dataset", [card["id"] for card in datasets], "dataset")
    card: dict[str, Any] = next(card for card in datasets if card["id"] == name)
    with right:
        number = st.number_input("Number of the image", 1, card["counts"]["total"], 1)
    with errors_as_sentences():
        found = samples(reading.home(), name, limit=1, offset=int(number) - 1).to_pylist()
        return [(f"{name}, image {number}", reading.thumbnail(row["uri"])) for row in found]
    return []
