"""Find one image among all registered ones: the very same pixels, or a copy to the eye."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from mintcore.datasets.near_duplicates import Likeness, Pairs, near_among
from mintcore.datasets.perceptual import MIRROR_BITS, Looks, look_of, looks_of_spectra
from mintcore.datasets.reading import samples_file
from mintcore.images import Pixels, image_id
from store.artefacts import Home
from store.sample_groups import SampleGroup, sample_groups

MOST_COPIES = 24


@dataclass(frozen=True)
class Copy:
    """A registered image that is the one looked for, or nearly.

    Attributes:
        dataset: Where it is registered.
        sample_id: Its content's id.
        uri: Where its pixels are.
        membership: "member", "external" or "unknown".
        label: Its class, where it has one.
        exact: Whether its pixels are the same.
        mirrored: Whether it is a copy of the mirrored image.
        similarity: Correlation of the two spectra, 1 where it is exact.
    """

    dataset: str
    sample_id: str
    uri: str
    membership: str
    label: str | None
    exact: bool
    mirrored: bool
    similarity: float


@dataclass(frozen=True)
class Copies:
    """What was found of one image.

    Attributes:
        found: The very same images first, then the most alike; at most ``MOST_COPIES``.
        count: How many there are.
        compared: Registered images that were looked at.
        unseen: Those of them of which it is not known what they look like: only the very same is found among them.
        has_look: Whether the image is not of one colour; of such a one only the very same is found.
    """

    found: list[Copy]
    count: int
    compared: int
    unseen: int
    has_look: bool


def find_copies(home: Home, datasets: list[str], pixels: Pixels) -> Copies:
    """Find an image among the images of registered datasets.

    Every row is looked at, a row group at a time: 65,536 rows are in memory at most.

    Args:
        home: The home folder.
        datasets: Names of the datasets.
        pixels: (H, W, 3) uint8.

    Raises:
        StoreError: A dataset is not there, or its table is damaged.
    """
    look = look_of(pixels)
    wanted = looks_of_spectra([look.spectrum if look else None])
    sample_id = image_id(pixels)
    found: list[Copy] = []
    compared = unseen = 0
    for dataset in datasets:
        for group in sample_groups(samples_file(home, dataset)):
            seen = _Seen(group, sample_id, wanted)
            found += seen.copies(dataset)
            compared += seen.rows
            unseen += seen.unseen
    unique = list(
        {(copy.dataset, copy.sample_id, copy.membership): copy for copy in found}.values()
    )
    unique.sort(key=lambda copy: (not copy.exact, -copy.similarity))
    return Copies(unique[:MOST_COPIES], len(unique), compared, unseen, look is not None)


class _Seen:
    """One row group, looked through.

    Args:
        group: The row group.
        sample_id: Of the image that is looked for.
        wanted: What it looks like.
    """

    def __init__(self, group: SampleGroup, sample_id: str, wanted: Looks) -> None:
        self._group, self._sample_id, self._wanted = group, sample_id, wanted
        columns = group.read(["sample_id", "perceptual"])
        same = pc.equal(columns.column("sample_id"), sample_id).to_numpy()
        known = columns.column("perceptual").is_valid().to_numpy()
        hashes = pc.fill_null(columns.column("perceptual"), 0).to_numpy()
        self.rows, self.unseen = len(columns), int((~known).sum())
        self._places = np.flatnonzero(same | (known & _alike(hashes, wanted)))

    def copies(self, dataset: str) -> Iterator[Copy]:
        """Give the copies among its readable rows."""
        if not len(self._places):
            return
        rows = [row for row in self._group.rows(self._places) if row["status"] == "ok"]
        near = _near(self._wanted, rows)
        for position, row in enumerate(rows):
            exact = row["sample_id"] == self._sample_id
            if exact or position in near:
                similarity, mirrored = (1.0, False) if exact else near[position]
                yield _copy(dataset, row, exact, similarity, mirrored)


def _alike(hashes: np.ndarray, wanted: Looks) -> np.ndarray:
    """Tell where perceptual hashes differ in few bits from the wanted one, as it is or mirrored."""
    if not wanted.known[0]:
        return np.zeros(len(hashes), bool)
    different = hashes ^ wanted.hashes[0]
    fewest = np.minimum(np.bitwise_count(different), np.bitwise_count(different ^ MIRROR_BITS))
    return np.asarray(fewest <= Likeness().distance)


def _near(wanted: Looks, rows: list[dict[str, Any]]) -> dict[int, tuple[float, bool]]:
    """Give position -> (similarity, mirrored) of the rows that are near-duplicates."""
    if not wanted.known[0] or not rows:
        return {}
    looks = looks_of_spectra([row["spectrum"] for row in rows])
    places = np.flatnonzero(looks.known)
    pairs: Pairs = near_among(wanted, looks, np.zeros_like(places), places, Likeness())
    return {
        int(place): (float(similarity), bool(mirrored))
        for place, similarity, mirrored in zip(
            pairs.second, pairs.similarity, pairs.mirrored, strict=True
        )
    }


def _copy(
    dataset: str, row: dict[str, Any], exact: bool, similarity: float, mirrored: bool
) -> Copy:
    known = {key: row[key] for key in ("sample_id", "uri", "membership", "label")}
    return Copy(dataset=dataset, **known, exact=exact, mirrored=mirrored, similarity=similarity)
