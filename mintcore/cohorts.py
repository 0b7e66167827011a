"""The images of one experiment: members and externals, split so that nothing leaks."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mintcore.datasets.reading import dataset_card, samples
from mintcore.errors import MintError
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
        made_from: The two datasets with their fingerprints, for cards.
    """

    sample_ids: list[str]
    is_member: np.ndarray
    part: np.ndarray
    made_from: dict[str, dict[str, str]]

    def positions(self, part: Part) -> np.ndarray:
        """Give the positions of a part, (M,) int64."""
        return np.flatnonzero(self.part == part)


def build_cohort(home: Home, members: str, external: str, seed: int) -> Cohort:
    """Take the members of one dataset and the externals of another (or of the same one).

    Images are split by identity where there is one, and by content always, by hashing: an image stays in its part
    when others are added, and two cohorts that share a dataset and a seed hold out the same images of it.

    Args:
        home: The home folder.
        members: Dataset whose images of membership ``member`` are used.
        external: Dataset whose images of membership ``external`` are used.
        seed: Seed of the split.

    Raises:
        MintError: A group is empty or too small, or an image stands in both.
    """
    member_ids, member_groups = _group(home, members, "member")
    external_ids, external_groups = _group(home, external, "external")
    _refuse_overlap(member_ids, external_ids, members, external)
    part = np.array([part_of(group, seed) for group in member_groups + external_groups])
    is_member = np.arange(len(part)) < len(member_ids)
    _refuse_too_few(part, is_member)
    return Cohort(
        sample_ids=member_ids + external_ids,
        is_member=is_member,
        part=part,
        made_from={
            "members": _origin(home, members),
            "external": _origin(home, external),
        },
    )


def part_of(group: str, seed: int) -> Part:
    """Choose the part of a group of images that must stay together, by a hash of its name and the seed."""
    digest = hashlib.blake2b(f"{seed}:{group}".encode(), digest_size=8).digest()
    position = int.from_bytes(digest) / 2**64
    if position < TRAIN_SHARE:
        return "train"
    return "validation" if position < TRAIN_SHARE + VALIDATION_SHARE else "test"


def _group(home: Home, dataset: str, membership: str) -> tuple[list[str], list[str]]:
    table = samples(home, dataset, membership=membership)
    if table.num_rows == 0:
        raise MintError(
            f"Dataset {dataset!r} has no readable image of membership '{membership}': "
            f"register it with --membership {membership} or --membership column:NAME."
        )
    ids = table.column("sample_id").to_pylist()
    identities = table.column("identity").to_pylist()
    return ids, [identity or sample for identity, sample in zip(identities, ids, strict=True)]


def _refuse_overlap(
    members: Sequence[str], externals: Sequence[str], member_set: str, external_set: str
) -> None:
    shared = sorted(set(members) & set(externals))
    if shared:
        raise MintError(
            f"{len(shared)} images stand both among the members of {member_set!r} and the externals of "
            f"{external_set!r} (for example {', '.join(shared[:3])}): an image cannot be both. Remove them from one."
        )


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
