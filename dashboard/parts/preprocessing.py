"""What a model was trained to see, as a person says it."""

from dataclasses import asdict
from typing import Any

import streamlit as st

from dashboard.parts.errors import errors_as_sentences
from mintcore.models.preprocessing import COLOURS, INTERPOLATIONS, Preprocessing, channel_numbers
from mintcore.models.usual_inputs import NORMALISATIONS, usual_normalisation, usual_size

_OTHER = "other numbers"
_FITTED, _CROPPED = "the largest centred part is resized", "resized, then the centre is cropped"


def preprocessing_choice(arch: str) -> dict[str, Any] | None:
    """Let the person say what a model of an architecture was trained to see; the usual is there already.

    Returns:
        The fields of a ``Preprocessing``; None where something cannot be, which is said.
    """
    height, width = usual_size(arch) or (224, 224)
    columns = st.columns([1, 1, 2])
    size = (
        int(columns[0].number_input("Height, px", 1, 4096, height, key=f"height-{arch}")),
        int(columns[1].number_input("Width, px", 1, 4096, width, key=f"width-{arch}")),
    )
    names = [*NORMALISATIONS, _OTHER]
    with columns[2]:
        usual = names.index(usual_normalisation(arch))
        name = st.selectbox("Normalised as for", names, usual, key=f"normalised-{arch}")
    with errors_as_sentences():
        mean, std = NORMALISATIONS[name] if name in NORMALISATIONS else _numbers()
        seen = Preprocessing(size, mean, std, **_geometry(size))
        channels = "grey" if len(mean) == 1 else "colour"
        st.caption(
            f"Pixels from 0 to 1, {channels}: mean {_written(mean)}, standard deviation {_written(std)}. A model that "
            "sees its training images differently from how it saw them in training remembers them less well."
        )
        return asdict(seen)
    return None


def _geometry(size: tuple[int, int]) -> dict[str, Any]:
    with st.expander("How images are brought to that size"):
        way = st.radio("Way", (_FITTED, _CROPPED), label_visibility="collapsed")
        resize = None
        if way == _CROPPED:
            least = max(size)
            usual = min(round(least * 256 / 224), 4096)
            resize = int(st.number_input("Shorter side before the crop, px", least, 4096, usual))
        left, right = st.columns(2)
        interpolation = left.selectbox("Interpolation", list(INTERPOLATIONS))
        colours = right.selectbox("Order of the colours", COLOURS)
    return {"resize": resize, "interpolation": interpolation, "colours": colours}


def _numbers() -> tuple[tuple[float, ...], tuple[float, ...]]:
    help_text = "One number for grey, three for colour, separated by commas."
    left, right = st.columns(2)
    mean = left.text_input("Mean", "0.5, 0.5, 0.5", help=help_text)
    std = right.text_input("Standard deviation", "0.5, 0.5, 0.5", help=help_text)
    return channel_numbers(mean), channel_numbers(std)


def _written(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
