"""Repair: drop exactly what is damaged, so that the next extraction computes it again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from store.errors import StoreError
from store.feature_store import FeatureStore
from store.leases import living_leases
from store.leftovers import remove, unnamed_arrays, unnamed_shards
from store.lock import exclusive
from store.mending import (
    losses_of,
    mend_groups,
    mend_metadata,
    restore_segments,
    rewrite_block,
    whole_source,
)
from store.problems import Problem
from store.sealed import POINTER, current_index, remove_pointer, sealed_files
from store.snapshot import Footers
from store.verification import blocks_of, inspect, verify


@dataclass(frozen=True)
class Repair:
    """What a repair did.

    Args:
        problems: What was wrong.
        dropped: For every array that lost rows, how many are to be computed again.
        lost: Names of segments that could not be read: how many rows they had is not known.
    """

    problems: tuple[Problem, ...]
    dropped: Mapping[str, int]
    lost: tuple[str, ...]


def repair(store: FeatureStore) -> Repair:
    """Take what is damaged out of a store; ``FeatureStore.plan`` gives it as missing afterwards.

    Killed at any moment, it loses nothing that was whole, and can be run again.

    Raises:
        StoreError: Another run is writing the store, its card is damaged, or another version of
            the program has written a part of it.
    """
    problems = verify(store).problems
    for problem in problems:
        if problem.kind == "card":
            raise StoreError(f"A card cannot be repaired: {problem.message}")
    try:
        with exclusive(store.folder) as lock:
            _refuse_living(store.folder, lock)
            was_sealed = (store.folder / POINTER).exists() or bool(sealed_files(store.folder))
            repaired = _repair(store, problems)
    except OSError as error:
        raise StoreError(
            f"The store {store.folder} could not be repaired ({error}): nothing that was whole is "
            "lost; run `mint store repair` again when that is mended."
        ) from error
    if was_sealed and current_index(store.folder) is None:
        store.seal()
    return repaired


def _refuse_living(folder: Path, lock: Path) -> None:
    if living_leases(folder, lock):
        raise StoreError(
            f"Another run is writing the store {folder}: wait until it has ended, or stop it."
        )


def _repair(store: FeatureStore, problems: Sequence[Problem]) -> Repair:
    folder = store.folder
    restore_segments(store, problems)
    mend_groups(store.shelf, problems)
    # Before the lock was taken, others may have changed what was wrong then.
    found = inspect(store, blocks_of(problems)).problems
    lost = _lost(store, found)
    of_metadata, of_shards = mend_metadata(store, found), losses_of(found)
    blocks = blocks_of(problem for problem in found if problem.kind in {"segment", "shard", "row"})
    blocks |= of_metadata.keys()
    listings = [problem.file for problem in found if problem.kind == "listing"]
    if blocks or listings or any(problem.kind in {"sealed", "pointer"} for problem in found):
        remove_pointer(folder)
    dropped: Counter[str] = Counter()
    for block in sorted(blocks):
        losses = [*of_metadata.get(block, []), *of_shards.get(block, [])]
        dropped.update(rewrite_block(store, block, losses))
    for file in listings:
        store.shelf.remove(file)
    _remove_unnamed(store)
    return Repair(tuple(problems), dict(dropped), lost)


def _lost(store: FeatureStore, problems: Sequence[Problem]) -> tuple[str, ...]:
    """Name the segments that cannot be read, and of which nothing else has the rows."""
    files = sorted({problem.file for problem in problems if problem.kind == "segment"})
    bad = [file for file in files if whole_source(store.folder / file, store.block_rows) is None]
    return tuple(Path(file).name for file in bad)


def _remove_unnamed(store: FeatureStore) -> None:
    """Delete the shards and arrays that no segment names any more."""
    segments = Footers(store.folder, store.block_rows).snapshot().segments
    remove(store.shelf, list(unnamed_arrays(store.shelf, segments, in_use=(), unwanted=())))
    remove(store.shelf, list(unnamed_shards(store.shelf, store.block_rows, segments)))
