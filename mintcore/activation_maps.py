"""Activation maps of one image beside those of the average member and the average external."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import pyarrow as pa

from mintcore.activation_sample import AUDITOR, arrays_of_kind, open_stored, store_names
from mintcore.errors import MintError
from mintcore.image_audit import ImageAuditor, image_activations
from store.artefacts import Card, Home
from store.epochs import RowSet
from store.feature_store import FeatureStore
from store.layout import ArraySpec

SAMPLE = 512
DRAWN_CELLS = 16
_MEMORY_BYTES = 64 * 2**20
_BATCH = 64
_LOCATED = 4
"""How many times the sample is looked up at most: an array can lack some of the images."""
_LEVEL = 0.95


@dataclass(frozen=True)
class AverageMaps:
    """The average member's and the average external's map at one layer.

    Attributes:
        key: The array, "layer/map8".
        members: (C, H, W) float32, mean over the members.
        externals: (C, H, W) float32, mean over the externals.
        effect: (C,) how far the channel's mean lies higher for members, in standard deviations (Cohen's d).
        half_width: Half of the 95% interval of an effect of zero.
        by_chance: What the largest of the C effects stays below in 95 of 100 experiments where nothing is to be found.
        n_members: How many members.
        n_externals: How many externals.
    """

    key: str
    members: np.ndarray
    externals: np.ndarray
    effect: np.ndarray
    half_width: float
    by_chance: float
    n_members: int
    n_externals: int

    def most_different(self, count: int) -> list[int]:
        """Give the channels with the largest effects, largest first."""
        return [int(at) for at in np.argsort(-np.abs(self.effect), kind="stable")[:count]]


def model_store(home: Home, auditor: Card) -> FeatureStore:
    """Open the store that an auditor was trained from: that of its audited model."""
    return open_stored(home, store_names(auditor)[AUDITOR])


def stored_arrays(home: Home, auditor: Card, kind: str) -> dict[str, ArraySpec]:
    """List the arrays of one kind of view that the audited model's store keeps of the images as they are.

    Args:
        home: The home folder.
        auditor: The auditor's card.
        kind: "map" or "pooled".

    Returns:
        Layer -> its array; of several maps that with the most cells.
    """
    return arrays_of_kind(model_store(home, auditor), kind)


def average_maps(
    home: Home, auditor: Card, key: str, known: pa.Table, *, sample: int = SAMPLE, seed: int = 0
) -> AverageMaps:
    """Average the stored maps of some of the auditor's own members and externals.

    Args:
        home: The home folder.
        auditor: The auditor's card.
        key: The array.
        known: sample_id and is_member of the auditor's cohort.
        sample: At most so many of each.
        seed: Decides which.

    Raises:
        MintError: Of one of the two none is stored.
        StoreError: The store cannot be read.
    """
    store = model_store(home, auditor)
    is_member = known.column("is_member").to_numpy()
    sides = []
    for side in (is_member, ~is_member):
        drawn = np.random.default_rng(seed).permutation(np.flatnonzero(side))[: _LOCATED * sample]
        rows = store.locate(key, known.column("sample_id").take(pa.array(drawn)).to_pylist())
        rows = rows[rows >= 0][:sample]
        if not len(rows):
            raise MintError(f"The store keeps no {key} of the images of this auditor: extract it.")
        sides.append(_Moments(RowSet(store, key, rows, _MEMORY_BYTES)))
    members, externals = sides
    scale = sqrt(1 / members.n + 1 / externals.n)
    each = (1 - _LEVEL ** (1 / len(members.mean))) / 2
    return AverageMaps(
        key=key,
        members=members.mean,
        externals=externals.mean,
        effect=_cohens_d(members, externals),
        half_width=NormalDist().inv_cdf(0.5 + _LEVEL / 2) * scale,
        by_chance=NormalDist().inv_cdf(1 - each) * scale,
        n_members=members.n,
        n_externals=externals.n,
    )


def stored_array(home: Home, auditor: Card, key: str) -> ArraySpec:
    """Describe an array of the audited model's store.

    Raises:
        StoreError: The store cannot be read.
    """
    return model_store(home, auditor).specs()[key]


def image_activation(
    auditor: ImageAuditor, spec: ArraySpec, name: str, pixels: np.ndarray
) -> np.ndarray:
    """Give what the audited model computes for one image, as its store would keep it.

    Args:
        auditor: The auditor.
        spec: An array of the audited model's store.
        name: What the image is called in an error.
        pixels: (H, W, 3) uint8.

    Returns:
        The row of the array, float32.

    Raises:
        MintError: The model gives no finite activations for this image.
    """
    values = image_activations(auditor.model, name, pixels, [spec])
    return np.asarray(values[spec.key][0], np.float32)


def coarse(values: np.ndarray, cells: int = DRAWN_CELLS) -> np.ndarray:
    """Average a map (H, W) over blocks, so that it has at most so many cells along each side."""
    for axis in (0, 1):
        edges = np.linspace(0, values.shape[axis], min(cells, values.shape[axis]) + 1).astype(int)
        parts = np.split(values, edges[1:-1], axis=axis)
        values = np.stack([part.mean(axis=axis) for part in parts], axis=axis)
    return values


class _Moments:
    """Mean map of a side, with mean and variance of each channel's mean over space."""

    def __init__(self, maps: RowSet) -> None:
        self.n = len(maps)
        total = np.zeros(maps.shape)
        levels = []
        for batch in _batches(maps):
            total += batch.sum(axis=0)
            levels.append(batch.mean(axis=(2, 3)))
        level = np.concatenate(levels)
        self.mean = (total / self.n).astype(np.float32)
        self.level, self.variance = level.mean(axis=0), level.var(axis=0)


def _batches(maps: RowSet) -> Iterator[np.ndarray]:
    for _, values in maps.sequential(_BATCH):
        yield values.astype(np.float64)


def _cohens_d(members: _Moments, externals: _Moments) -> np.ndarray:
    pooled = (members.n * members.variance + externals.n * externals.variance) / (
        members.n + externals.n
    )
    apart = members.level - externals.level
    spread = np.sqrt(np.where(pooled > 0, pooled, 1.0))
    return np.asarray(np.where(pooled > 0, apart / spread, 0.0))
