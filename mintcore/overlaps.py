"""What members and externals have in common, and what an experiment does about it.

An image cannot be a member and an external. Where the same image stands on both sides, somebody has to say what it is,
so the experiment is refused; where that is allowed, such images are left out. Near-duplicates of the other side are
left out of both sides, which keeps the two alike: a few are found in most large sets. Where they are many, the two
sets are not what they are said to be, and the experiment is refused; where that is allowed, they are kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mintcore.datasets.names import joint_name
from mintcore.datasets.near_duplicates import (
    NO_PAIRS,
    Edges,
    Likeness,
    Pairs,
    concatenated,
    groups_of,
    near_pairs_within,
)
from mintcore.datasets.perceptual import Looks, joined, looks_of
from mintcore.datasets.reading import samples_file, samples_with_looks
from mintcore.errors import MintError
from store.artefacts import Home
from store.samples import repeated_samples

MAX_NEAR_SHARE = 0.05
# Every image is compared with every other: a quarter of an hour of processor time.
MAX_COMPARED = 1_000_000
_EXAMPLES = 3


@dataclass(frozen=True)
class Images:
    """The images of both sides, members first.

    Attributes:
        sample_ids: (N,) text.
        groups: (N,) text: images of one group must stay together.
        uris: (N,) text.
        is_member: (N,) bool.
        looks: What they look like, N.
    """

    sample_ids: NDArray[Any]
    groups: NDArray[Any]
    uris: NDArray[Any]
    is_member: NDArray[np.bool_]
    looks: Looks

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Images":
        return Images(
            self.sample_ids[chosen],
            self.groups[chosen],
            self.uris[chosen],
            self.is_member[chosen],
            self.looks[chosen],
        )


def images_of_sides(home: Home, members: str, external: Sequence[str]) -> Images:
    """Read the members of one dataset and the externals of others, or of the same; a group is an identity.

    An image that several datasets of externals hold is given once.

    Raises:
        MintError: A side is empty.
        StoreError: There is no such dataset; near names are suggested.
    """
    one, other = _side(home, members, "member"), _side(home, external[0], "external")
    for name in external[1:]:
        further = _side(home, name, "external")
        other = _together(other, further[~np.isin(further.sample_ids, other.sample_ids)])
    if members in external:
        both = _listed_as_both(home, members)
        one, other = _together(one, _turned(other, both)), _together(other, _turned(one, both))
    return _together(one, other)


def remove_overlap(
    images: Images, members: str, external: Sequence[str], *, allowed: bool
) -> tuple[Images, dict[str, Any]]:
    """Leave out what is on both sides, and put near-duplicates into one group.

    Args:
        images: The images of both sides.
        members: Name of the members' dataset, for errors.
        external: Names of the externals' datasets, for errors.
        allowed: Whether to go on where the same images, or many near-duplicates, are on both sides.

    Returns:
        The images that are left, and the counts for the card: ``exact`` (images on both sides, left out), ``near``
        (pairs of near-duplicates across the sides; None where there are too many images to look), ``left_out``
        (images left out because of these), ``unknown`` (images of which it is not known what they look like) and
        ``allowed``.

    Raises:
        MintError: The sides overlap, and that is not allowed.
    """
    shared = _shared(images)
    if not allowed:
        _refuse_exact(images, shared, members, external)
    different = images[~shared]
    found = _Comparison(different, allowed)
    regrouped = replace(different, groups=found.groups())
    if not allowed:
        _refuse_near(different, found, members, external)
    left_out = found.across & (not allowed)
    overlap = {
        "exact": int(shared.sum()) // 2,
        "near": found.near if found.searched else None,
        "left_out": int(shared.sum() + left_out.sum()),
        "unknown": int((~different.looks.known).sum()),
        "allowed": allowed,
    }
    return regrouped[~left_out], overlap


def remarks(overlap: dict[str, Any]) -> list[str]:
    """Say what somebody who starts an experiment should know of the overlap."""
    said = []
    if overlap["left_out"]:
        said.append(
            f"{overlap['left_out']:,} images are left out, since they stand on both sides, exactly or nearly"
        )
    if overlap["near"] is None:
        said.append(f"near-duplicates are not looked for among more than {MAX_COMPARED:,} images")
    elif overlap["near"] and overlap["allowed"]:
        said.append(f"{overlap['near']:,} pairs of near-duplicates across the two sides are kept")
    if overlap["unknown"]:
        said.append(
            f"{overlap['unknown']:,} images cannot be near-duplicates of any: they are of one colour, or were "
            "registered by an earlier version; register these again under another name"
        )
    return said


def _side(home: Home, dataset: str, membership: str) -> Images:
    table = samples_with_looks(home, dataset, membership=membership)
    if table.num_rows == 0:
        raise MintError(
            f"Dataset {dataset!r} has no readable image of membership '{membership}': "
            f"register it with --membership {membership} or --membership column:NAME."
        )
    ids = table.column("sample_id").to_pylist()
    identities = table.column("identity").to_pylist()
    groups = [identity or name for identity, name in zip(identities, ids, strict=True)]
    return Images(
        np.array(ids),
        np.array(groups),
        np.array(table.column("uri").to_pylist(), object),
        np.full(len(ids), membership == "member"),
        looks_of(table),
    )


def _listed_as_both(home: Home, dataset: str) -> list[str]:
    """Name the images that one dataset lists as a member and as an external, of which reading keeps the first."""
    repeated = repeated_samples(samples_file(home, dataset), None)
    names = ("sample_id", "membership_a", "membership_b")
    rows = zip(*(repeated.column(name).to_pylist() for name in names), strict=True)
    return [sample for sample, *listed in rows if set(listed) == {"member", "external"}]


def _turned(images: Images, sample_ids: list[str]) -> Images:
    chosen = images[np.isin(images.sample_ids, np.array(sample_ids, str))]
    return replace(chosen, is_member=~chosen.is_member)


def _together(one: Images, other: Images) -> Images:
    return Images(
        np.concatenate([one.sample_ids, other.sample_ids]),
        np.concatenate([one.groups, other.groups]),
        np.concatenate([one.uris, other.uris]),
        np.concatenate([one.is_member, other.is_member]),
        joined(one.looks, other.looks),
    )


def _shared(images: Images) -> NDArray[np.bool_]:
    ids, is_member = images.sample_ids, images.is_member
    return np.isin(ids, np.intersect1d(ids[is_member], ids[~is_member]))


def _refuse_exact(
    images: Images, shared: NDArray[np.bool_], members: str, external: Sequence[str]
) -> None:
    if shared.any():
        uris = images.uris[shared & images.is_member]
        raise MintError(
            f"{len(uris)} images stand both among the members of {members!r} and the externals of "
            f"{joint_name(external)!r} (for example {', '.join(uris[:_EXAMPLES])}): an image cannot be both. Remove "
            "them from one, or give --allow-overlap to leave them out of both."
        )


class _Comparison:
    """Compares all images with each other, keeping only what is asked of the pairs."""

    def __init__(self, images: Images, allowed: bool) -> None:
        self._images, self._allowed = images, allowed
        self.searched = len(images.sample_ids) <= MAX_COMPARED
        self.across = np.zeros(len(images.sample_ids), bool)
        self.near = 0
        self.examples = NO_PAIRS

    def groups(self) -> NDArray[Any]:
        """Give near-duplicates, and all that is of a group with one of them, the first name of their groups, (N,)."""
        groups = self._images.groups
        names, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        same_group: Edges = (np.arange(len(inverse)), first[inverse])
        component = groups_of(len(inverse), chain([same_group], self._edges()))
        least = np.full(len(inverse), len(names))
        np.minimum.at(least, component, inverse)
        return np.asarray(names[least[component]])

    def _edges(self) -> Iterator[Edges]:
        """Yield the pairs that must stay together: those across the sides only where they are not left out.

        So the groups of the members do not hang on the externals they are compared with.
        """
        blocks = near_pairs_within(self._images.looks, Likeness()) if self.searched else ()
        for pairs in blocks:
            is_member = self._images.is_member
            across = is_member[pairs.first] != is_member[pairs.second]
            self._count(pairs[across])
            together = pairs if self._allowed else pairs[~across]
            yield together.first, together.second

    def _count(self, pairs: Pairs) -> None:
        self.near += len(pairs)
        self.across[pairs.first] = self.across[pairs.second] = True
        best = concatenated([self.examples, pairs])
        self.examples = best[np.argsort(-best.similarity, kind="stable")[:_EXAMPLES]]


def _refuse_near(images: Images, found: _Comparison, members: str, external: Sequence[str]) -> None:
    others = joint_name(external)
    commands = " and ".join(f"`mint dataset overlap {members} {name}`" for name in external)
    for side, name in ((images.is_member, members), (~images.is_member, others)):
        count, total = int((side & found.across).sum()), int(side.sum())
        if total and count / total > MAX_NEAR_SHARE:
            pairs = zip(found.examples.first, found.examples.second, strict=True)
            named = ", ".join(f"{images.uris[a]} and {images.uris[b]}" for a, b in pairs)
            raise MintError(
                f"{count} of {total} images of {name!r} are near-duplicates of images on the other side (for example "
                f"{named}): {members!r} and {others!r} are not members and externals. See {commands}, or give "
                "--allow-overlap to go on with them."
            )
