"""An auditor tested on externals that it was not trained against."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.finding import compare
from mintcore.auditors.scoring import score_images
from mintcore.cohorts import Cohort, build_cohort
from mintcore.datasets.near_duplicates import Likeness, near_pairs
from mintcore.datasets.perceptual import Looks, looks_of
from mintcore.datasets.reading import samples_with_looks
from mintcore.errors import MintError
from mintcore.library import auditor_scores, external_datasets
from mintcore.overlaps import MAX_COMPARED
from store.artefacts import Card, Home

MIN_IMAGES = 2


@dataclass(frozen=True)
class CrossTest:
    """On what auditors are tested.

    Attributes:
        home: The home folder.
        members: Dataset whose held-out members are used.
        seed: Seed of the split, that of the auditors.
        allow_overlap: Whether near-duplicates are kept, too.
        device: Where to score.
    """

    home: Home
    members: str
    seed: int
    allow_overlap: bool
    device: str

    def cell(self, auditor: Card, external: str) -> dict[str, Any]:
        """Test an auditor on held-out members and the held-out externals of a dataset.

        What the auditor saw is not tested on, and neither are externals that look like one it saw: near-duplicates
        stand in one part of one auditor's split, but two datasets are split apart.

        Args:
            auditor: Its card.
            external: A dataset of externals, whose activations are stored.

        Returns:
            The figures of `mintcore.auditors.finding.compare` without its curves, and what was tested on what.

        Raises:
            MintError: Too few images are left to test on.
        """
        cohort = build_cohort(
            self.home, self.members, external, self.seed, allow_overlap=self.allow_overlap
        )
        test = self._unseen(auditor, cohort, external)
        by_network = score_images(
            self.home, auditor, [cohort.sample_ids[i] for i in test], self.device
        )
        scored = np.all([np.isfinite(values) for values in by_network.values()], axis=0)
        is_member = cohort.is_member[test][scored]
        _refuse_too_few(is_member, auditor, external)
        figures = compare(
            {name: values[scored] for name, values in by_network.items()},
            is_member,
            auditor["threshold"],
            self.seed,
        )
        del figures["roc"], figures["blind"]
        return {
            "auditor": auditor["id"],
            "train_external": auditor["made_from"]["external"]["dataset"],
            "test_external": external,
            "networks": [name for name in by_network if name != AUDITOR],
            **figures,
        }

    def _unseen(self, auditor: Card, cohort: Cohort, external: str) -> np.ndarray:
        """Give the positions of held-out images that the auditor did not see, nor any like them."""
        known = auditor_scores(self.home, auditor["id"])
        before_test = np.array(known.column("part").to_pylist()) != "test"
        seen = np.array(known.column("sample_id").to_pylist())[before_test]
        test = cohort.positions("test")
        ids = np.array(cohort.sample_ids)[test]
        again = np.isin(ids, seen)
        trained_on = external_datasets(auditor)
        if not self.allow_overlap and external not in trained_on:
            externals = ids[~cohort.is_member[test]]
            again |= np.isin(ids, self._like_seen(externals, external, seen, trained_on))
        return test[~again]

    def _like_seen(
        self, ids: np.ndarray, dataset: str, seen: np.ndarray, datasets: list[str]
    ) -> np.ndarray:
        """Name those of some externals that are near-duplicates of what was seen of other datasets."""
        tested, found = self._looks(dataset, ids), set[str]()
        for name in datasets:
            names, looks = self._looks(name, seen)
            if len(ids) + len(names) <= MAX_COMPARED:
                for pairs in near_pairs(tested[1], looks, Likeness()):
                    found |= set(tested[0][pairs.first].tolist())
        return np.array(sorted(found), str)

    def _looks(self, dataset: str, wanted: np.ndarray) -> tuple[np.ndarray, Looks]:
        table = samples_with_looks(self.home, dataset, sample_ids=wanted.tolist())
        return np.array(table.column("sample_id").to_pylist(), str), looks_of(table)


def _refuse_too_few(is_member: np.ndarray, auditor: Card, external: str) -> None:
    if min(is_member.sum(), (~is_member).sum()) < MIN_IMAGES:
        raise MintError(
            f"Fewer than {MIN_IMAGES} members or externals of {external!r} are left to test {auditor['id']!r} on: the "
            "others are images that it was trained with, or look like them. See `mint dataset overlap`."
        )
