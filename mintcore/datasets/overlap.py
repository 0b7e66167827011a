"""Overlap: the images that two datasets share, exactly or nearly, or that one dataset holds twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mintcore.datasets.near_duplicates import (
    Likeness,
    Pairs,
    block_count,
    near_pairs,
    near_pairs_within,
)
from mintcore.datasets.perceptual import Looks, looks_of
from mintcore.datasets.reading import samples_file, samples_with_looks
from mintcore.progress import Reporter
from store.artefacts import Home
from store.samples import repeated_samples, shared_samples

_UNLIMITED = None


@dataclass(frozen=True)
class Overlap:
    """What two datasets share; or, where both are the same, what it holds more than once.

    Attributes:
        images: How many different, readable images each dataset has.
        unknown: How many of these have no look: flat ones, and all where it was registered by a version that kept none.
        exact: Images that are in both; in one dataset alone, rows that repeat an earlier image.
        near: Pairs of near-duplicates that are not the same image.
        near_images: How many images of each dataset are in such pairs.
        examples: The exact ones first, then the most similar: ``kind`` ("exact", "near"), ``uri_a``, ``membership_a``,
            ``uri_b``, ``membership_b``, ``distance``, ``similarity`` and ``mirrored``.
    """

    images: tuple[int, int]
    unknown: tuple[int, int]
    exact: int
    near: int
    near_images: tuple[int, int]
    examples: list[dict[str, Any]]


@dataclass(frozen=True)
class _Side:
    table: pa.Table
    looks: Looks


def find_overlap(
    home: Home, first: str, second: str, likeness: Likeness, *, limit: int, reporter: Reporter
) -> Overlap:
    """Find what two datasets share, or what one holds more than once.

    Args:
        home: Where they are.
        first: A dataset.
        second: Another one, or the same.
        likeness: How alike near-duplicates are.
        limit: How many examples of each kind.
        reporter: Told how far it is.

    Raises:
        StoreError: There is no such dataset; near names are suggested.
    """
    exact = _exact(home, first, second)
    one = _side(home, first)
    other = one if first == second else _side(home, second)
    found = _Found(one, other, limit)
    blocks = block_count(int(one.looks.known.sum()), int(other.looks.known.sum()))
    reporter.stage(f"Compare {first} with {second}", blocks)
    for pairs in _pairs(one, other, likeness):
        found.add(pairs)
        reporter.advance()
    return Overlap(
        images=(one.table.num_rows, other.table.num_rows),
        unknown=(int((~one.looks.known).sum()), int((~other.looks.known).sum())),
        exact=exact.num_rows,
        near=found.count,
        near_images=found.images(),
        examples=[*_exact_examples(exact.slice(0, limit)), *found.examples()],
    )


def _exact(home: Home, first: str, second: str) -> pa.Table:
    if first == second:
        return repeated_samples(samples_file(home, first), _UNLIMITED)
    return shared_samples(samples_file(home, first), samples_file(home, second), _UNLIMITED)


def _side(home: Home, dataset: str) -> _Side:
    table = samples_with_looks(home, dataset)
    columns = ("sample_id", "uri", "membership")
    return _Side(table.select(columns), looks_of(table))


def _pairs(one: _Side, other: _Side, likeness: Likeness) -> Iterator[Pairs]:
    if one is other:
        return near_pairs_within(one.looks, likeness)
    return near_pairs(one.looks, other.looks, likeness)


def _exact_examples(shared: pa.Table) -> list[dict[str, Any]]:
    same = {"kind": "exact", "distance": 0, "similarity": 1.0, "mirrored": False}
    return [
        same | {key: value for key, value in row.items() if key != "sample_id"}
        for row in shared.to_pylist()
    ]


class _Found:
    """Counts near-duplicates and keeps the most similar."""

    def __init__(self, one: _Side, other: _Side, limit: int) -> None:
        self._sides, self._limit = (one, other), limit
        self._ids = [
            np.array(side.table.column("sample_id").to_pylist(), "S32") for side in self._sides
        ]
        self._seen = [np.zeros(side.table.num_rows, bool) for side in self._sides]
        self._best: list[tuple[float, int, int, int, bool]] = []
        self.count = 0

    def add(self, pairs: Pairs) -> None:
        """Take a block of pairs; the same image in both sets is no near-duplicate."""
        other = pairs[self._ids[0][pairs.first] != self._ids[1][pairs.second]]
        self.count += len(other)
        self._seen[0][other.first] = True
        self._seen[1][other.second] = True
        best = other[np.argsort(-other.similarity, kind="stable")[: self._limit]]
        columns = (best.similarity, best.first, best.second, best.distance, best.mirrored)
        self._best += zip(*(column.tolist() for column in columns), strict=True)
        self._best = sorted(self._best, key=lambda row: -row[0])[: self._limit]

    def images(self) -> tuple[int, int]:
        """Say how many images of each set are in pairs; of one set alone, how many of it."""
        one, other = self._seen
        if self._sides[0] is self._sides[1]:
            one = other = one | other
        return int(one.sum()), int(other.sum())

    def examples(self) -> Iterator[dict[str, Any]]:
        """Give the most similar pairs."""
        for alike, first, second, distance, mirrored in self._best:
            row: dict[str, Any] = {"kind": "near"}
            row |= {"distance": distance, "similarity": alike, "mirrored": mirrored}
            for side, place, end in zip(self._sides, (first, second), "ab", strict=True):
                for key in ("uri", "membership"):
                    row[f"{key}_{end}"] = side.table.column(key)[place].as_py()
            yield row
