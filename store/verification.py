"""Verification: every byte of a store is read and compared with what the store says of it."""

from dataclasses import dataclass

from store.feature_store import FeatureStore
from store.problems import Problem


@dataclass(frozen=True)
class Verification:
    """What was found.

    Args:
        problems: All that is wrong, in the order of files.
        files: How many files were checked.
        rows: How many rows of the index.
        bytes: How many bytes.
    """

    problems: tuple[Problem, ...]
    files: int
    rows: int
    bytes: int


def verify(store: FeatureStore) -> Verification:
    """Check every file of a store; takes no lock, and others may write meanwhile.

    At most 64 MiB of activations are in memory at a time (or a few chunks, where they are larger).
    """
    raise NotImplementedError(store.folder)
