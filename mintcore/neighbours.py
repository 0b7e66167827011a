"""The stored images that lie nearest to one image in activation space."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintcore.activation_maps import model_store
from store.artefacts import Card, Home
from store.epochs import RowSet
from store.feature_store import FeatureStore
from store.query import Query

Scope = Literal["auditor", "store"]

COMPARED = 200_000
"""Most images that are compared; of more, so many are drawn."""
NEAREST = 8
_MEMORY_BYTES = 64 * 2**20
_BATCH = 8192
_TINY = 1e-30


@dataclass(frozen=True)
class Neighbourhood:
    """The images among which neighbours are looked for.

    Attributes:
        store: Where their activations are.
        key: The array.
        sample_ids: N ids, each once.
        rows: (N,) int64 rows of the array.
        member_share: Share of them that is registered as members.
        total: How many images there are; where it is more than N, the N were drawn, or have nothing stored.
        drawn: Whether they were drawn.
    """

    store: FeatureStore
    key: str
    sample_ids: pa.Array
    rows: np.ndarray
    member_share: float
    total: int
    drawn: bool


@dataclass(frozen=True)
class Neighbour:
    """A stored image near the one asked for.

    Attributes:
        sample_id: Its content's id.
        distance: Cosine distance of the activations: 0 in the same direction, 1 at a right angle, 2 opposite.
    """

    sample_id: str
    distance: float


def neighbourhood(
    home: Home,
    auditor: Card,
    key: str,
    known: pa.Table,
    scope: Scope,
    *,
    compared: int = COMPARED,
    seed: int = 0,
) -> Neighbourhood:
    """Find the rows of the images among which neighbours are looked for.

    Args:
        home: The home folder.
        auditor: The auditor's card.
        key: The array, one of vectors.
        known: sample_id and is_member of the auditor's cohort.
        scope: "auditor" for these, "store" for the images of all datasets that the audited model's store lists.
        compared: Most images that are compared.
        seed: Decides which, where there are more.

    Raises:
        StoreError: The store cannot be read.
    """
    store = model_store(home, auditor)
    chosen, total = (
        _drawn(known, compared, seed) if scope == "auditor" else _listed(store, key, compared, seed)
    )
    ids = chosen.column("sample_id").combine_chunks()
    rows = store.locate(key, ids.to_pylist())
    there = rows >= 0
    is_member = chosen.column("is_member").to_numpy()[there]
    return Neighbourhood(
        store,
        key,
        ids.filter(pa.array(there)),
        rows[there],
        member_share=float(is_member.mean()) if there.any() else 0.0,
        total=total,
        drawn=len(ids) < total,
    )


def nearest(among: Neighbourhood, vector: np.ndarray, count: int = NEAREST) -> list[Neighbour]:
    """Find the nearest images. Exact: every one of the neighbourhood is compared, in bounded memory.

    Args:
        among: From ``neighbourhood``.
        vector: (C,) the image's activation.
        count: How many.

    Returns:
        The nearest first.

    Raises:
        StoreError: A file of the store is missing or damaged.
    """
    if not len(among.rows):
        return []
    wanted = vector.astype(np.float32)
    wanted /= max(float(np.linalg.norm(wanted)), _TINY)
    rows = RowSet(among.store, among.key, among.rows, _MEMORY_BYTES)
    best_at, best = np.empty(0, np.int64), np.empty(0, np.float32)
    for positions, values in rows.sequential(_BATCH):
        best_at = np.concatenate([best_at, positions])
        best = np.concatenate([best, _distances(values, wanted)])
        kept = np.argsort(best, kind="stable")[:count]
        best_at, best = best_at[kept], best[kept]
    return [
        Neighbour(among.sample_ids[int(at)].as_py(), float(distance))
        for at, distance in zip(best_at, best, strict=True)
    ]


def _distances(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    vectors = values.astype(np.float32)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), _TINY)
    return np.asarray(np.clip(1 - vectors @ wanted / lengths, 0, 2))


def _drawn(known: pa.Table, compared: int, seed: int) -> tuple[pa.Table, int]:
    """Give the images to compare, sample_id and is_member, and how many there are."""
    if len(known) <= compared:
        return known, len(known)
    chosen = np.random.default_rng(seed).choice(len(known), compared, replace=False)
    return known.take(pa.array(np.sort(chosen))), len(known)


def _listed(store: FeatureStore, key: str, compared: int, seed: int) -> tuple[pa.Table, int]:
    """Give the listed images to compare, and how many there are; one that two datasets list counts once."""
    total = sum(row["images"] for row in store.count([], Query(array=key)))
    sample = compared if total > compared else None
    listed = store.select(Query(array=key, sample=sample, seed=seed))
    once = listed.group_by("sample_id", use_threads=False).aggregate([("membership", "first")])
    is_member = pc.equal(once.column("membership_first"), "member")
    chosen = pa.table({"sample_id": once.column("sample_id"), "is_member": is_member})
    return chosen, total if sample else len(chosen)
