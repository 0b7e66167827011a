"""What a layer does with members and externals, seen in a plane."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st
from PIL import Image, ImageOps

from dashboard.charts.projection import (
    COLOURINGS,
    EXTERNALS,
    MEMBERS,
    frequent_labels,
    projection,
)
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import choice, segments
from dashboard.parts.figures import Figure, advantage_figure, show_figures
from dashboard.parts.thumbnails import written_into_address
from dashboard.reading import home, home_path, thumbnail, version_of
from dashboard.wording import (
    AUC_HELP,
    BLIND_HELP,
    interval,
)
from mintcore.activation_sample import store_names
from mintcore.errors import PERSON_ERRORS
from mintcore.library import store_version
from mintcore.models.layers import POOLED
from mintcore.projection import project

Cards = Sequence[dict[str, Any]]

_SIDE_PX = 64
_THUMBNAILS_S = 2.0
"""Time for reading images; of large ones some are then left without a picture."""


def show_projection(auditors: Cards) -> None:
    """Draw held-out images of a layer's auditor in the plane in which the layer's activations differ most.

    Args:
        auditors: Cards of one experiment, in the order of its layers.
    """
    of_layer = {card["layer"]: card for card in reversed(auditors) if card["view"] == POOLED}
    if not of_layer:
        st.info(
            "No auditor of this experiment reads the channel means of a layer: train one of kind `vanilla`.",
            icon=":material/info:",
        )
        return
    card, colouring = _choices(of_layer)
    _figures(card)
    stores = tuple(store_version(home(), store) for store in store_names(card).values())
    found = _found(home_path(), card["id"], version_of("auditors", card["id"]), stores)
    images = found["images"]
    show_chart(
        projection(images, found["explained"], colouring),
        images.drop(columns=["image", "shown_label"]),
        f"{card['id']}-projection",
        f"Held-out members and externals in the plane of the first two principal components of layer {card['layer']}.",
        _note(found),
    )


def _choices(of_layer: Mapping[str, dict[str, Any]]) -> tuple[dict[str, Any], str]:
    best_first = sorted(of_layer, key=lambda layer: -of_layer[layer]["advantage"])
    left, right = st.columns(2)
    with left:
        layer = choice("Layer, by advantage", best_first, "layer")
    with right:
        colouring = segments("Colour", COLOURINGS, "colour", "membership")
    return of_layer[layer], colouring


def _figures(card: Mapping[str, Any]) -> None:
    show_figures(
        [
            Figure(
                "AUC of the auditor here", f"{card['auc']:.3f}", interval(card["auc_ci"]), AUC_HELP
            ),
            Figure(
                "Best blind AUC",
                f"{card['blind_auc']:.3f}",
                f"{interval(card['blind_auc_ci'])}, {card['best_blind']}",
                BLIND_HELP,
            ),
            advantage_figure(card),
        ]
    )


def _note(found: Mapping[str, Any]) -> str:
    images = found["images"]
    counts = images["group"].value_counts()
    pictured = images["image"].notna().sum()
    pictures = (
        ""
        if pictured == len(images)
        else f" {pictured:,} of them could be read in time as pictures."
    )
    return (
        f"n = {counts.get(MEMBERS, 0):,} of {found['members']:,} members and {counts.get(EXTERNALS, 0):,} of "
        f"{found['externals']:,} externals that the auditor held out, so their scores are honest. Point at one to "
        f"see it.{pictures} The axes are the first two principal components of the layer's standardised channels; "
        f"they hold {sum(found['explained']):.0%} of the variance. **Groups that stand apart here need not do so for "
        "being members and externals: images of another kind stand apart too, which is what the blind AUC measures. "
        "And groups that do not can still be told apart in other directions.**"
    )


@st.cache_data(show_spinner="Reading activations and images ...", max_entries=10)
def _found(
    path: str, auditor: str, version: int, stores: tuple[tuple[int, int], ...]
) -> dict[str, Any]:
    found = project(home(), home().card("auditors", auditor))
    images = found.images.to_pandas()
    images["group"] = images.pop("is_member").map({True: MEMBERS, False: EXTERNALS})
    images["shown_label"] = frequent_labels(images["label"])
    images["image"] = _pictures(images["uri"])
    return {
        "images": images,
        "explained": found.explained,
        "members": found.drawn.n_members,
        "externals": found.drawn.n_externals,
    }


def _pictures(uris: Iterable[str | None]) -> list[str | None]:
    """Read images as small pictures within ``_THUMBNAILS_S``, from both groups alike; None for those that are not."""
    until = time.monotonic() + _THUMBNAILS_S
    wanted = list(uris)
    pictures: list[str | None] = [None] * len(wanted)
    half = -(-len(wanted) // 2)
    for place in (place for pair in range(half) for place in (pair, pair + half)):
        if place < len(wanted) and time.monotonic() < until:
            pictures[place] = _picture(wanted[place])
    return pictures


def _picture(uri: str | None) -> str | None:
    if uri is None:
        return None
    try:
        picture = ImageOps.contain(Image.fromarray(thumbnail(uri)), (_SIDE_PX, _SIDE_PX))
    except PERSON_ERRORS:
        return None
    return written_into_address(picture, "JPEG", quality=85)
