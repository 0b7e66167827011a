"""Registered images as small pictures that say what they are registered as."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.parts.thumbnails import picture
from dashboard.wording import plain
from mintcore.palette import EXTERNAL, MEMBER

_A_ROW = 8
_COLOURS = {"member": ("orange", MEMBER), "external": ("blue", EXTERNAL)}


@dataclass(frozen=True)
class Registered:
    """A registered image.

    Attributes:
        uri: Where it is; None where it is registered no longer.
        membership: "member", "external", "unknown", or None where it is registered no longer.
        lines: What stands below it, text as it is.
    """

    uri: str | None
    membership: str | None
    lines: Sequence[str]


def show_registered(images: Sequence[Registered]) -> None:
    """Draw images in rows, each with its membership as a word and a colour."""
    for start in range(0, len(images), _A_ROW):
        columns = st.columns(_A_ROW)
        for column, image in zip(columns, images[start : start + _A_ROW], strict=False):
            with column:
                _show(image)


def _show(image: Registered) -> None:
    if image.uri is not None:
        picture(image.uri)
    colour, _ = _COLOURS.get(image.membership or "", ("gray", ""))
    st.badge(image.membership or "unknown", color=colour)  # type: ignore[arg-type]
    st.caption("  \n".join(map(plain, image.lines)))
