"""Some images of an experiment and what models computed for them, drawn so that few chunks of a store are read."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintcore.arrays import parse_view
from mintcore.auditors.cards import store_of_network
from mintcore.errors import MintError
from mintcore.library import auditor_scores
from mintcore.models.layers import POOLED
from store.artefacts import Card, Home
from store.feature_store import FeatureStore, open_store
from store.layout import ArraySpec

AUDITOR = "auditor"
BLIND = ("reference model", "fresh weights")
"""Networks of an auditor's card that read another model's activations, the stricter control first."""
STRETCH = 4096
"""Neighbouring images; about what a chunk of a small layer holds."""
STRETCHES = 8
"""Most stretches from which a group is drawn: a bound on what is read, however large the store is."""


@dataclass(frozen=True)
class Drawn:
    """Images of an experiment.

    Attributes:
        sample_ids: N ids, members and externals in the order of the experiment.
        is_member: (N,) bool.
        scores: (N,) the auditor's scores, NaN where an image has none.
        n_members: Members there were to draw from.
        n_externals: Externals there were to draw from.
        everywhere: Whether they were drawn from everywhere, and not only from ``STRETCHES`` stretches.
    """

    sample_ids: list[str]
    is_member: np.ndarray
    scores: np.ndarray
    n_members: int
    n_externals: int
    everywhere: bool


def draw(home: Home, auditor: str, a_group: int, part: str | None = None, seed: int = 0) -> Drawn:
    """Draw images of an auditor's cohort at random.

    A read fetches whole chunks of neighbouring images. Where a group is larger than ``STRETCHES`` stretches of
    ``STRETCH`` images, some stretches are drawn first, then the images from these alone.

    Args:
        home: The home folder.
        auditor: Id of the auditor.
        a_group: Most members, and most externals.
        part: Only images of this part, such as "test"; None for all.
        seed: Decides which.

    Raises:
        MintError: The auditor's scores are not there.
    """
    try:
        table = auditor_scores(home, auditor, ["sample_id", "is_member", "part", AUDITOR])
    except FileNotFoundError as error:
        raise MintError(
            f"{home.folder('auditors', auditor)} has lost its scores: restore the auditor from a backup, or train it "
            "again."
        ) from error
    is_member = table.column("is_member").to_numpy(zero_copy_only=False)
    wanted = np.ones(len(table), bool)
    if part is not None:
        wanted = np.asarray(pc.equal(table.column("part"), part))
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(wanted & is_member), np.flatnonzero(wanted & ~is_member)]
    near = [_in_stretches(positions, rng) for positions in groups]
    chosen = np.concatenate([_some(positions, a_group, rng) for positions in near])
    rows = table.take(pa.array(chosen))
    return Drawn(
        rows.column("sample_id").to_pylist(),
        is_member[chosen],
        rows.column(AUDITOR).to_numpy(),
        len(groups[0]),
        len(groups[1]),
        everywhere=[len(group) for group in groups] == [len(group) for group in near],
    )


def store_names(auditor: Card) -> dict[str, str]:
    """Say which store holds the activations that each network of an auditor reads: network -> store."""
    stores = {name: store_of_network(each) for name, each in auditor["networks"].items()}
    return {name: store for name, store in stores.items() if store is not None}


def open_stored(home: Home, store: str) -> FeatureStore:
    """Open a store of the home folder.

    Raises:
        StoreError: It is not there, or damaged.
    """
    home.card("stores", store)  # says which there are
    return open_store(home.folder("stores", store))


def arrays_of_kind(store: FeatureStore, kind: str) -> dict[str, ArraySpec]:
    """List the arrays of one kind of view that a store keeps of the images as they are.

    Args:
        store: The store.
        kind: "map" or "pooled".

    Returns:
        Layer -> its array; of several maps that with the most cells.
    """
    found: dict[str, ArraySpec] = {}
    for spec in store.specs().values():
        view = parse_view(spec.view)
        larger = spec.layer not in found or spec.shape > found[spec.layer].shape
        if view.kind == kind and view.queries == 1 and larger:
            found[spec.layer] = spec
    return found


def pooled_keys(store: FeatureStore) -> dict[str, str]:
    """Give the array of each layer that keeps the mean of each channel of the images as they are: layer -> key."""
    return {layer: spec.key for layer, spec in arrays_of_kind(store, POOLED).items()}


def stored_values(
    store: FeatureStore, key: str, sample_ids: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Read what a store holds of images.

    Args:
        store: The store.
        key: An array.
        sample_ids: N ids.

    Returns:
        (N,) bool whether an image has values there, and the values of those that have, (M, *shape) float32.

    Raises:
        StoreError: A file of the store is missing or damaged.
    """
    rows = store.locate(key, sample_ids)
    there = rows >= 0
    return there, store.read(key, rows[there]).astype(np.float32)


def _in_stretches(positions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    stretch_of = positions // STRETCH
    stretches = np.unique(stretch_of)
    if len(stretches) <= STRETCHES:
        return positions
    return positions[np.isin(stretch_of, rng.choice(stretches, STRETCHES, replace=False))]


def _some(positions: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    if len(positions) <= most:
        return positions
    return np.sort(rng.choice(positions, most, replace=False))
