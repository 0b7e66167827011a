"""Images that a person wants judged: uploaded, pasted, taken by a camera, or an example of a dataset."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from dashboard import reading
from dashboard.parts.address import keep_in_address
from dashboard.parts.choices import choice, segments
from dashboard.parts.errors import errors_as_sentences
from mintcore.datasets.reading import sample_at
from mintcore.errors import MintError
from mintcore.image_limits import image_limits
from mintcore.images import decode_image

TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "avif"]
UPLOAD, CAMERA, EXAMPLE = "upload", "camera", "example"
_WAYS = {
    UPLOAD: ":material/upload: Upload or paste images",
    CAMERA: ":material/photo_camera: Use the camera",
    EXAMPLE: ":material/photo_library: Take an example from a dataset",
}
_PARAM, _NUMBER = "from", "image"
_HERE = Path(__file__)

_paste = st.components.v2.component(
    "mint.image_paste",
    css=_HERE.with_name("chart_downloads.css").read_text(encoding="utf-8"),
    js=_HERE.with_name("image_paste.js").read_text(encoding="utf-8"),
)
_cameras = st.components.v2.component(
    "mint.cameras", js=_HERE.with_name("cameras.js").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Given:
    """An image that a person gave, not yet decoded.

    Attributes:
        name: How the person calls it.
        key: Tells it from any other image that was given.
        pixels: Decodes it: (H, W, 3) uint8. Raises a MintError where it cannot be read.
    """

    name: str
    key: str
    pixels: Callable[[], np.ndarray]


def image_choice(datasets: reading.Rows) -> list[Given]:
    """Let the person give images; the query parameter ``from`` says which way."""
    with_images = [card for card in datasets if card["counts"]["total"]]
    way = _way([UPLOAD, CAMERA, EXAMPLE] if with_images else [UPLOAD, CAMERA])
    if way == EXAMPLE:
        return _example(with_images)
    for param in ("dataset", _NUMBER):
        st.query_params.pop(param, None)
    return _photo() if way == CAMERA else _uploaded()


def _way(ways: list[str]) -> str:
    usual = EXAMPLE if EXAMPLE in ways and "dataset" in st.query_params else UPLOAD
    return segments("Where from", {way: _WAYS[way] for way in ways}, _PARAM, usual, "collapsed")


def _uploaded() -> list[Given]:
    files = st.file_uploader(
        "One or many images",
        type=TYPES,
        accept_multiple_files=True,
        max_upload_size=image_limits().file_bytes // 2**20,
        help="They are judged on this machine and not kept.",
    )
    _paste(key="image-paste")
    return [_given(file.name, file) for file in files]


def _photo() -> list[Given]:
    found = _cameras(key="cameras", default={"count": None}, on_count_change=lambda: None).count
    if found is None:
        st.caption("Looking for a camera ...")
        return []
    if not found:
        st.info(
            "This browser offers no camera. Connect one, or allow it for this address, then load the page again; "
            "browsers offer cameras to `localhost` and over https alone.",
            icon=":material/no_photography:",
        )
        return []
    photo = st.camera_input("Take a photo", help="It is judged on this machine and not kept.")
    return [_given("photo", photo)] if photo is not None else []


def _given(name: str, file: Any) -> Given:
    return Given(name, file.file_id, lambda: decode_image(file.getvalue(), name=name))


def _example(datasets: reading.Rows) -> list[Given]:
    left, right = st.columns(2)
    counts = {card["id"]: card["counts"]["total"] for card in datasets}
    with left:
        name = choice("Dataset", list(counts), "dataset")
    with right:
        number = _number(name, counts[name])
    with errors_as_sentences():
        row = sample_at(reading.home(), name, number - 1)
        title = f"{name}, image {number}"
        return [Given(title, row["sample_id"], partial(_stored, title, row))]
    return []


def _number(dataset: str, total: int) -> int:
    """Let the person choose an image by its number; the query parameter ``image`` says which."""
    wanted = st.query_params.get(_NUMBER, "1")
    asked = min(int(wanted), total) if wanted.isdecimal() and int(wanted) else 1
    key = f"image-of-{dataset}"
    # as its first value: a value that is set later can come after the browser has sent the first one back
    first = st.session_state.setdefault(f"{key}-first", asked)
    number = st.number_input(f"Number of the image, of {total:,}", 1, total, first, key=key)
    keep_in_address(_NUMBER, str(number))
    return int(number)


def _stored(title: str, row: dict[str, Any]) -> np.ndarray:
    if row["status"] != "ok":
        raise MintError(f"{title} could not be read when it was registered: {row['reason']}.")
    return reading.thumbnail(row["uri"])
