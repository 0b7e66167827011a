"""The images of one experiment: members and externals, split so that nothing leaks."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from mintcore.datasets.names import dataset_names, joint_name
from mintcore.datasets.reading import dataset_card
from mintcore.errors import MintError
from mintcore.overlaps import images_of_sides, remove_overlap
from store.artefacts import Home

Part = Literal["train", "validation", "test"]
TRAIN_SHARE = 0.5
VALIDATION_SHARE = 0.15
MIN_IMAGES_A_PART = 10


@dataclass(frozen=True)
class Cohort:
    """Members and externals of one experiment.

    Attributes:
        sample_ids: N ids, each once.
        is_member: (N,) bool.
        part: (N,) "train", "validation" or "test".
        made_from: The two datasets with their fingerprints, for cards. Several datasets of externals stand as one, with
            a name and a fingerprint for all of them, and each of its own under ``parts``.
        overlap: What members and externals had in common, and what became of it, for cards.
    """

    sample_ids: list[str]
    is_member: np.ndarray
    part: np.ndarray
    made_from: dict[str, dict[str, Any]]
    overlap: dict[str, Any] = field(default_factory=dict)

    def positions(self, part: Part) -> np.ndarray:
        """Give the positions of a part, (M,) int64."""
        return np.flatnonzero(self.part == part)

    def before_test(self) -> "Cohort":
        """Give the cohort without its test part, for whatever is chosen."""
        kept = np.flatnonzero(self.part != "test")
        return replace(
            self,
            sample_ids=[self.sample_ids[position] for position in kept],
            is_member=self.is_member[kept],
            part=self.part[kept],
        )

    def permuted(self, seed: int) -> "Cohort":
        """Give a null: the same images, the labels of each part shuffled among them, so that nothing is to be found."""
        rng = np.random.default_rng(seed)
        shuffled = self.is_member.copy()
        for part in np.unique(self.part):
            positions = self.positions(part)
            shuffled[positions] = rng.permutation(shuffled[positions])
        return replace(self, is_member=shuffled)

    def split_digest(self) -> str:
        """Name the split: two cohorts of the same datasets may be split otherwise, by the overlap that is allowed."""
        lines = (f"{name}:{part}" for name, part in zip(self.sample_ids, self.part, strict=True))
        return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def build_cohort(
    home: Home,
    members: str,
    external: str | Sequence[str],
    seed: int,
    *,
    allow_overlap: bool = False,
) -> Cohort:
    """Take the members of one dataset and the externals of another, of several, or of the same one.

    Images are split by identity where there is one, and by content always: an image, its copies and near-duplicates
    fall into one part. They do so by hashing: an image stays in its part when others are added that are not like it,
    and two cohorts that share a dataset and a seed hold out the same images of it.

    Args:
        home: The home folder.
        members: Dataset whose images of membership ``member`` are used.
        external: Dataset whose images of membership ``external`` are used, or several of them.
        seed: Seed of the split.
        allow_overlap: Go on where members and externals overlap: see ``mintcore.overlaps``.

    Raises:
        MintError: A group is empty or too small, or members and externals overlap.
    """
    sources = dataset_names(external)
    images, overlap = remove_overlap(
        images_of_sides(home, members, sources), members, sources, allowed=allow_overlap
    )
    parts = {name: part_of(name, seed) for name in set(images.groups)}
    part = np.array([parts[name] for name in images.groups])
    _refuse_too_few(part, images.is_member)
    return Cohort(
        sample_ids=images.sample_ids.tolist(),
        is_member=images.is_member,
        part=part,
        made_from={
            "members": _origin(home, members),
            "external": _origin_of_several(home, sources),
        },
        overlap=overlap,
    )


def part_of(group: str, seed: int) -> Part:
    """Choose the part of a group of images that must stay together, by a hash of its name and the seed."""
    digest = hashlib.blake2b(f"{seed}:{group}".encode(), digest_size=8).digest()
    position = int.from_bytes(digest) / 2**64
    if position < TRAIN_SHARE:
        return "train"
    return "validation" if position < TRAIN_SHARE + VALIDATION_SHARE else "test"


def _refuse_too_few(part: np.ndarray, is_member: np.ndarray) -> None:
    for name in ("train", "validation", "test"):
        for group, label in ((is_member, "members"), (~is_member, "externals")):
            count = int(((part == name) & group).sum())
            if count < MIN_IMAGES_A_PART:
                raise MintError(
                    f"Only {count} {label} fall into the {name} part, at least {MIN_IMAGES_A_PART} are needed: "
                    "give more images (or more identities)."
                )


def _origin(home: Home, dataset: str) -> dict[str, str]:
    return {"dataset": dataset, "fingerprint": str(dataset_card(home, dataset)["fingerprint"])}


def _origin_of_several(home: Home, datasets: Sequence[str]) -> dict[str, Any]:
    origins = [_origin(home, dataset) for dataset in datasets]
    if len(origins) == 1:
        return dict(origins[0])
    fingerprints = ":".join(origin["fingerprint"] for origin in origins)
    return {
        "dataset": joint_name(datasets),
        "fingerprint": hashlib.blake2b(fingerprints.encode(), digest_size=16).hexdigest(),
        "parts": origins,
    }
