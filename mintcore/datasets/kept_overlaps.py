"""Overlaps as artefacts: what two datasets share is found once, and can be shown again."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from mintcore.datasets.near_duplicates import HASH_DISTANCE, SIMILARITY, Likeness
from mintcore.datasets.overlap import find_overlap
from mintcore.datasets.reading import dataset_card
from mintcore.progress import Reporter
from mintcore.trail import traced
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card

EXAMPLES = 12


@dataclass(frozen=True)
class OverlapRequest:
    """Which datasets to compare.

    Attributes:
        first: A dataset.
        second: Another one, or the same for what it holds more than once.
        distance: Most bits of 64 in which perceptual hashes of near-duplicates differ.
        similarity: Least correlation of near-duplicates' spectra.
        limit: How many examples of each kind are kept.

    Raises:
        MintError: The distance or the similarity is none.
    """

    first: str
    second: str
    distance: int = HASH_DISTANCE
    similarity: float = SIMILARITY
    limit: int = EXAMPLES

    def __post_init__(self) -> None:
        self.likeness()

    def likeness(self) -> Likeness:
        """Give how alike near-duplicates must be."""
        return Likeness(self.distance, self.similarity)


def keep_overlap(home: Home, request: OverlapRequest, *, reporter: Reporter) -> Card:
    """Find what two datasets share, or what one holds more than once; what was found before is not looked for again.

    Returns:
        The card: ``a`` and ``b``, the settings, and the fields of an ``Overlap``.

    Raises:
        StoreError: There is no such dataset; near names are suggested.
    """
    made_from = {
        side: {"dataset": name, "fingerprint": dataset_card(home, name)["fingerprint"]}
        for side, name in (("a", request.first), ("b", request.second))
    }
    overlap_id = _overlap_id(request, made_from)
    if home.has("overlaps", overlap_id):
        reporter.log(f"{overlap_id} is there already")
        return home.card("overlaps", overlap_id)
    found = find_overlap(
        home,
        request.first,
        request.second,
        request.likeness(),
        limit=request.limit,
        reporter=reporter,
    )
    with home.publishing("overlaps", overlap_id) as folder:
        fields = {
            "a": request.first,
            "b": request.second,
            "made_from": made_from,
            **asdict(request.likeness()),
            "limit": request.limit,
            **asdict(found),
            "versions": versions(),
        }
        write_card(folder, "overlaps", overlap_id, **traced(home, "overlaps", fields))
    return home.card("overlaps", overlap_id)


def _overlap_id(request: OverlapRequest, made_from: dict[str, Any]) -> str:
    content = json.dumps([asdict(request), made_from], sort_keys=True)
    return f"overlap-{hashlib.blake2b(content.encode(), digest_size=6).hexdigest()}"
