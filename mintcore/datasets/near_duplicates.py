"""Near-duplicates: pairs of images of which one is, to the eye, a copy of the other.

Every pair is compared, in blocks and in threads: first the bits of the perceptual hashes, then, where these differ in
few, the correlation of the spectra. A mirrored copy counts as one: models are trained on mirrored images, too.
`benchmarks/near_duplicates.py` prints what the two limits find, and what they take for a copy that is none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mintcore.datasets.perceptual import MIRROR_BITS, Looks, similarity
from mintcore.datasets.threads import in_order
from mintcore.errors import MintError

HASH_DISTANCE = 8
SIMILARITY = 0.99

# Two arrays of positions, (M,) int64 each.
Edges = tuple[NDArray[np.int64], NDArray[np.int64]]

_BLOCK_PAIRS = 2**22
_VERIFIED_AT_ONCE = 2**16
_EDGES_AT_ONCE = 2**22


@dataclass(frozen=True)
class Likeness:
    """How alike two images must be.

    Attributes:
        distance: Most bits in which their perceptual hashes differ, 0 to 64.
        similarity: Least correlation of their spectra, up to 1.
    """

    distance: int = HASH_DISTANCE
    similarity: float = SIMILARITY

    def __post_init__(self) -> None:
        if not 0 <= self.distance <= 64:
            raise MintError(
                f"A distance of {self.distance} bits is not one of hashes: give 0 to 64."
            )
        if not -1 <= self.similarity <= 1:
            raise MintError(f"A similarity of {self.similarity} is no correlation: give 0 to 1.")


@dataclass(frozen=True)
class Pairs:
    """M pairs of near-duplicates.

    Attributes:
        first: Positions in the first set, (M,) int64.
        second: Positions in the second set, (M,) int64.
        distance: Bits in which the hashes differ, (M,) uint8.
        similarity: Correlation of the spectra, (M,) float32.
        mirrored: (M,) bool.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distance: NDArray[np.uint8]
    similarity: NDArray[np.float32]
    mirrored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Pairs":
        return Pairs(
            self.first[chosen],
            self.second[chosen],
            self.distance[chosen],
            self.similarity[chosen],
            self.mirrored[chosen],
        )


NO_PAIRS = Pairs(
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.uint8),
    np.empty(0, np.float32),
    np.empty(0, np.bool_),
)


def near_pairs(looks: Looks, others: Looks, likeness: Likeness) -> Iterator[Pairs]:
    """Find the near-duplicates between two sets, block by block.

    Args:
        looks: N images.
        others: K images.
        likeness: How alike they must be.

    Yields:
        The pairs of some rows of N, in order; there are ``block_count`` such blocks.
    """
    one, other = np.flatnonzero(looks.known), np.flatnonzero(others.known)
    known, known_others = looks[one], others[other]

    def compare(rows: slice) -> Pairs:
        first, second = _candidates(known.hashes[rows], known_others.hashes, likeness.distance)
        return _verified(known, known_others, first + rows.start, second, likeness)

    for pairs in in_order(compare, _blocks(len(one), len(other))):
        yield _at(pairs, one, other)


def near_pairs_within(looks: Looks, likeness: Likeness) -> Iterator[Pairs]:
    """Find the near-duplicates inside one set, each pair once, the earlier image first.

    Args:
        looks: N images.
        likeness: How alike they must be.

    Yields:
        The pairs of some rows of N, in order; there are ``block_count`` such blocks.
    """
    places = np.flatnonzero(looks.known)
    known = looks[places]

    def compare(rows: slice) -> Pairs:
        hashes = known.hashes
        first, second = _candidates(hashes[rows], hashes[rows.start :], likeness.distance)
        later = first < second
        first, second = first[later] + rows.start, second[later] + rows.start
        return _verified(known, known, first, second, likeness)

    for pairs in in_order(compare, _blocks(len(places), len(places))):
        yield _at(pairs, places, places)


def near_among(
    looks: Looks,
    others: Looks,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    likeness: Likeness,
) -> Pairs:
    """Choose the near-duplicates among some pairs.

    Args:
        looks: N images.
        others: K images.
        first: Positions in N, (M,) int64.
        second: Positions in K, (M,) int64.
        likeness: How alike they must be.
    """
    upright, turned = similarity(looks.spectra[first], others.spectra[second])
    mirrored = turned > upright
    different = looks.hashes[first] ^ others.hashes[second]
    different ^= np.where(mirrored, MIRROR_BITS, np.uint64(0))
    best = np.maximum(upright, turned)
    pairs = Pairs(first, second, np.bitwise_count(different), best, mirrored)
    return pairs[(pairs.distance <= likeness.distance) & (best >= likeness.similarity)]


def concatenated(pairs: Sequence[Pairs]) -> Pairs:
    """Put the pairs of several blocks behind each other."""
    if not pairs:
        return NO_PAIRS
    fields = Pairs.__dataclass_fields__
    return Pairs(*(np.concatenate([getattr(some, name) for some in pairs]) for name in fields))


def block_count(rows: int, columns: int) -> int:
    """Say in how many blocks so many images are compared with so many."""
    return sum(1 for _ in _blocks(rows, columns))


def groups_of(count: int, edges: Iterable[Edges]) -> NDArray[np.int64]:
    """Put together what is connected.

    Args:
        count: N images.
        edges: Pairs of positions below N.

    Returns:
        For each image the first position of its group, (N,).
    """
    group, waiting, length = np.arange(count), list[Edges](), 0
    for edge in edges:
        waiting.append(edge)
        length += len(edge[0])
        if length > _EDGES_AT_ONCE:
            group, waiting, length = _merged(group, waiting), [], 0
    return _merged(group, waiting)


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    step = max(1, _BLOCK_PAIRS // max(1, columns))
    edges = [*range(0, rows, step), rows]
    return (slice(start, stop) for start, stop in pairwise(edges))


def _candidates(
    hashes: NDArray[np.uint64], others: NDArray[np.uint64], distance: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the rows and columns where the hashes differ in few bits, as they are or mirrored."""
    different = hashes[:, None] ^ others
    near = np.bitwise_count(different) <= distance
    different ^= MIRROR_BITS
    near |= np.bitwise_count(different) <= distance
    first, second = np.divmod(np.flatnonzero(near), len(others))
    return first, second


def _verified(
    looks: Looks,
    others: Looks,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    likeness: Likeness,
) -> Pairs:
    starts = range(0, len(first), _VERIFIED_AT_ONCE)
    pieces = [slice(start, start + _VERIFIED_AT_ONCE) for start in starts]
    return concatenated(
        [near_among(looks, others, first[piece], second[piece], likeness) for piece in pieces]
    )


def _at(pairs: Pairs, places: NDArray[np.int64], others: NDArray[np.int64]) -> Pairs:
    first, second = places[pairs.first], others[pairs.second]
    return Pairs(first, second, pairs.distance, pairs.similarity, pairs.mirrored)


def _merged(group: NDArray[np.int64], edges: list[Edges]) -> NDArray[np.int64]:
    count = len(group)
    rows = np.concatenate([np.arange(count), *(first for first, _ in edges)])
    columns = np.concatenate([group, *(second for _, second in edges)])
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, firsts, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(firsts[inverse])
