"""Repair: drop exactly what is damaged, so that the next extraction computes it again."""

from collections.abc import Mapping
from dataclasses import dataclass

from store.feature_store import FeatureStore
from store.problems import Problem


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
        StoreError: Another run is writing the store, or its card is damaged.
    """
    raise NotImplementedError(store.folder)
