"""Images of an experiment at one layer, projected onto a plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mintcore.activation_sample import (
    AUDITOR,
    Drawn,
    draw,
    open_stored,
    pooled_keys,
    store_names,
    stored_values,
)
from mintcore.datasets.reading import described
from mintcore.errors import MintError
from mintcore.library import external_datasets
from store.artefacts import Card, Home

A_GROUP = 300
"""Most members, and most externals, that are drawn."""
AXES = 2


@dataclass(frozen=True)
class Plane:
    """The plane in which the images differ most.

    Attributes:
        points: (N, 2) float32, positions of the images.
        explained: Share of the variance along each of the two axes.
    """

    points: np.ndarray
    explained: tuple[float, float]


@dataclass(frozen=True)
class Projected:
    """Held-out images of an auditor in the plane of its layer.

    Attributes:
        images: A row an image: ``sample_id``, ``is_member``, ``score``, ``x``, ``y``, ``uri`` and ``label``; the last
            two are null where the dataset is gone or says nothing.
        explained: Share of the variance along each axis.
        drawn: What they were drawn from.
    """

    images: pa.Table
    explained: tuple[float, float]
    drawn: Drawn


def principal_plane(values: np.ndarray) -> Plane:
    """Project onto the first two principal components of standardised channels.

    Args:
        values: (N, C), N >= 2, finite; channels that never vary count for nothing.
    """
    spread = values.std(0)
    scaled = (values - values.mean(0)) / np.where(spread > 0, spread, 1)
    left, singular, right = np.linalg.svd(scaled, full_matrices=False)
    points = np.zeros((len(values), AXES), np.float32)
    explained = np.zeros(AXES)
    kept = min(AXES, len(singular))
    # a component has no sign of its own: its largest weight is made positive
    signs = np.sign(right[np.arange(kept), np.abs(right[:kept]).argmax(1)])
    points[:, :kept] = left[:, :kept] * singular[:kept] * signs
    explained[:kept] = singular[:kept] ** 2 / max(float((singular**2).sum()), 1e-12)
    return Plane(points, (float(explained[0]), float(explained[1])))


def project(home: Home, auditor: Card, *, a_group: int = A_GROUP, seed: int = 0) -> Projected:
    """Project held-out images of an auditor of one layer, by the means of the layer's channels.

    Args:
        home: The home folder.
        auditor: The auditor's card.
        a_group: Most members, and most externals.
        seed: Decides which, where there are more.

    Raises:
        MintError: The store holds no channel means of the layer for the held-out images.
        StoreError: The store is gone, or damaged.
    """
    drawn = draw(home, auditor["id"], a_group, "test", seed)
    store = open_stored(home, store_names(auditor)[AUDITOR])
    key = pooled_keys(store).get(auditor["layer"])
    if key is None:
        raise MintError(
            f"The store {store.folder.name} keeps no channel means of layer {auditor['layer']}: extract its pooled "
            "view, or choose another layer."
        )
    there, values = stored_values(store, key, drawn.sample_ids)
    if len(values) < AXES:
        raise MintError(
            f"The store {store.folder.name} holds {key} for {len(values)} of the auditor's held-out images, too few to "
            "project: extract it again."
        )
    plane = principal_plane(values)
    ids = [name for name, known in zip(drawn.sample_ids, there, strict=True) if known]
    columns = {
        "sample_id": ids,
        "is_member": drawn.is_member[there],
        "score": drawn.scores[there],
        "x": plane.points[:, 0],
        "y": plane.points[:, 1],
    }
    return Projected(pa.table(columns | _described(home, auditor, ids)), plane.explained, drawn)


def _described(home: Home, auditor: Card, ids: Sequence[str]) -> dict[str, pa.Array]:
    """Look up where images are and what they show, in the datasets of the experiment that are still registered."""
    datasets = [auditor["made_from"]["members"]["dataset"], *external_datasets(auditor)]
    known = described(home, datasets, ids)
    return {
        column: pa.array([row.get(column) for row in known], pa.string())
        for column in ("uri", "label")
    }
