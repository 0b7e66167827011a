"""Activation maps of one image, on its page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from dashboard import reading
from dashboard.access import operators_alone
from dashboard.charts.maps import map_grid, map_rows
from dashboard.parts import image_evidence, jobs
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import choice
from dashboard.parts.images import Given
from dashboard.wording import named, signed
from mintcore.jobs.queue import Job
from mintcore.library import has_map, layer_names

if TYPE_CHECKING:
    from mintcore.activation_maps import AverageMaps

_CHANNELS = 4
_MAP_SIDE = 8


def show_maps(auditor: dict[str, Any], finding: dict[str, Any], image: Given) -> None:
    """Draw an image's maps at a layer beside those of the average member and external."""
    layers = _layers(auditor)
    if not layers:
        st.info("No layer of this model gives a map over the image.", icon=":material/info:")
        return
    job = _under_way()
    stored = image_evidence.stored_layers(auditor["id"], "map")
    first = sorted(layers, key=lambda layer: (layer not in stored, layer != auditor["layer"]))
    layer = choice(
        "Layer of the maps",
        first,
        "map-layer",
        help_text="From the output back to the input; those whose maps are stored come first.",
    )
    if layer not in stored:
        _offer(auditor, layer, job)
        return
    average = image_evidence.average_maps(auditor["id"], stored[layer])
    own = image_evidence.activation(auditor["id"], stored[layer], finding["sample_id"], image)
    panels = _panels(own, average)
    show_chart(
        map_grid(panels),
        map_rows(panels),
        f"{finding['sample_id'][:12]}-{layer}-maps",
        f"Maps of this image, the average member and the average external at layer {layer}.",
        _note(average),
        width="content",
    )


def _layers(auditor: dict[str, Any]) -> list[str]:
    """List the layers with a map, from the output back to the input."""
    model = reading.card("models", auditor["model"])
    return [name for name in reversed(layer_names(model)) if has_map(model, name)]


def _panels(own: np.ndarray, average: "AverageMaps") -> dict[str, Sequence[np.ndarray]]:
    from mintcore.activation_maps import coarse  # noqa: PLC0415 - imports PyTorch

    maps = (own, average.members, average.externals)
    panels = {f"mean of {len(own)} channels": [coarse(one.mean(axis=0)) for one in maps]}
    for channel in average.most_different(_CHANNELS):
        title = f"channel {channel}, d = {signed(float(average.effect[channel]))}"
        panels[title] = [coarse(one[channel]) for one in maps]
    return dict(panels)


def _note(average: "AverageMaps") -> str:
    largest = float(np.abs(average.effect).max())
    beyond = (
        "is more than that"
        if largest > average.by_chance
        else "is no more than that: these averages show no difference"
    )
    return (
        f"Averages over {average.n_members:,} members and {average.n_externals:,} externals of the auditor's own data, "
        "drawn at random with a fixed seed. The channels are those whose mean differs most between the two: d is the "
        "difference in standard deviations, positive where members lie higher, its 95% interval about "
        f"±{average.half_width:.2f}. The largest d of {len(average.effect)} channels would stay below "
        f"{average.by_chance:.2f} in 95 of 100 experiments by chance alone; here it is {largest:.2f}, which {beyond}. "
        "A column has one colour scale."
    )


def _under_way() -> Job | None:
    """Give the job that stores maps and is followed here; None where it has done so."""
    job = jobs.followed_job("extract")
    if job is None or job.state != "done":
        return job
    del st.query_params["job"]
    image_evidence.forget_stored()
    return None


def _offer(auditor: dict[str, Any], layer: str, job: Job | None) -> None:
    if job is not None:
        jobs.follow(job)
        return
    made_from = auditor["made_from"]
    datasets = list(dict.fromkeys(side["dataset"] for side in made_from.values()))
    st.info(
        f"No map of {named(layer)} is stored yet. A job can compute it for the images of "
        f"{' and '.join(map(named, datasets))}, at most {_MAP_SIDE} cells a side.",
        icon=":material/grid_off:",
    )
    if operators_alone("store maps") and st.button(
        "Store the maps of this layer", icon=":material/play_arrow:"
    ):
        request = {"model": auditor["model"], "datasets": datasets, "layers": layer}
        jobs.submit("extract", request | {"views": ["map"], "map_side": _MAP_SIDE})
        st.rerun()
