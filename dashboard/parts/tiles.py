"""Images as small pictures that say what they are registered as."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import streamlit as st

from dashboard.parts.thumbnails import picture
from dashboard.wording import plain

_TILE_PX = 88  # eight in a row on a laptop
_COLOURS: dict[str, Literal["orange", "blue"]] = {"member": "orange", "external": "blue"}


@dataclass(frozen=True)
class Tile:
    """A small picture with a word about it.

    Attributes:
        draw: Draws the picture.
        word: What the image is: "member", "external", or another.
        lines: What stands below it, text as it is.
    """

    draw: Callable[[], None]
    word: str
    lines: Sequence[str]


def registered_tile(uri: str | None, membership: str | None, lines: Sequence[str]) -> Tile:
    """Give the tile of a registered image; without a uri where it is registered no longer."""
    draw = _no_picture if uri is None else partial(picture, uri)
    return Tile(draw, membership or "unknown", lines)


def show_tiles(tiles: Sequence[Tile]) -> None:
    """Draw tiles beside each other, as many in a row as there is room for."""
    with st.container(horizontal=True):
        for tile in tiles:
            with st.container(width=_TILE_PX, gap="xsmall"):
                tile.draw()
                st.badge(tile.word, color=_COLOURS.get(tile.word, "gray"))
                st.caption("  \n".join(map(plain, tile.lines)))


def _no_picture() -> None:
    st.caption("no picture")
