"""The stored images nearest to one image, on its page."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard import reading
from dashboard.parts import image_evidence
from dashboard.parts.choices import choice
from dashboard.parts.downloads import csv_download
from dashboard.parts.images import Given
from dashboard.parts.tiles import Tile, registered_tile, show_tiles
from mintcore.library import layer_names

if TYPE_CHECKING:
    from mintcore.neighbours import Neighbourhood

_SCOPES = {
    "auditor": "the auditor's own members and externals",
    "store": "all datasets that the store lists",
}


def show_neighbours(auditor: dict[str, Any], finding: dict[str, Any], image: Given) -> None:
    """Show the stored images that are nearest to an image in activation space."""
    stored = image_evidence.stored_layers(auditor["id"], "pooled")
    model = reading.card("models", auditor["model"])
    layers = [name for name in reversed(layer_names(model)) if name in stored]
    if not layers:
        st.info("The store keeps no pooled activations of this model.", icon=":material/info:")
        return
    left, right = st.columns(2)
    with left:
        first = sorted(layers, key=lambda layer: layer != auditor["layer"])
        layer = choice("Layer of the activations", first, "near-layer")
    with right:
        scope = choice("Among", list(_SCOPES), "near-among", _SCOPES.__getitem__)
    found, among = image_evidence.neighbours(
        auditor["id"],
        stored[layer],
        scope,  # type: ignore[arg-type]
        finding["sample_id"],
        image,
    )
    rows = _described(auditor, found)
    st.markdown(_summary(rows, among))
    show_tiles([_picture(row, finding["sample_id"]) for row in rows])
    st.caption(_note(among, layer))
    csv_download(
        "Nearest images (CSV)", pd.DataFrame(rows), f"{finding['sample_id'][:12]}-near.csv"
    )


def _described(auditor: dict[str, Any], found: reading.Rows) -> reading.Rows:
    """Say of each neighbour where it is registered: in the auditor's own data, where it is there."""
    own = {side["dataset"] for side in auditor["made_from"].values()}
    listed = image_evidence.listings(tuple(one["sample_id"] for one in found))
    keys = ("dataset", "membership", "label", "uri")
    rows = []
    for one in found:
        places = sorted(listed[one["sample_id"]], key=lambda row: row["dataset"] not in own)
        rows.append(one | {key: places[0][key] if places else None for key in keys})
    return rows


def _summary(rows: reading.Rows, among: "Neighbourhood") -> str:
    members = sum(row["membership"] == "member" for row in rows)
    return (
        f"**{members} of the {len(rows)}** nearest stored images are registered as members, as are "
        f"{among.member_share:.0%} of all that were compared. Near images are alike to the model; that by itself is no "
        "sign of membership."
    )


def _picture(row: dict[str, Any], sample_id: str) -> Tile:
    own = "this very image" if row["sample_id"] == sample_id else f"distance {row['distance']:.3f}"
    label = [f"label {row['label']}"] if row["label"] else []
    lines = [own, row["dataset"] or "no longer registered", *label]
    return registered_tile(row["uri"], row["membership"], lines)


def _note(among: "Neighbourhood", layer: str) -> str:
    compared = f"{len(among.rows):,}"
    rest = among.total - len(among.rows)
    if among.drawn:
        how = f"{compared} of {among.total:,} images, drawn at random with a fixed seed"
    elif rest:
        how = f"{compared} images; {rest:,} more have nothing stored at this layer"
    else:
        how = f"all {compared} images"
    return (
        f"Compared with {how}. The distance is the cosine distance of the mean activations at {layer}: 0 is the same "
        "direction, 1 a right angle."
    )
