"""Compare databases: an auditor trained against one source of externals, tested on another."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.finding import compare as compare_scores
from mintcore.auditors.scoring import score_images
from mintcore.cohorts import Cohort, build_cohort
from mintcore.errors import MintError
from mintcore.library import auditor_scores
from mintcore.progress import Reporter
from mintcore.sweep import SEEDS, SweepRequest, sweep
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card


@dataclass(frozen=True)
class CompareRequest:
    """Which databases to compare.

    Attributes:
        model: Name of the audited model.
        members: Dataset whose members are used.
        external: Datasets of externals, at least two.
        layer: One layer.
        kind: Kind of auditor.
        map_side: Side of the maps that a CNN auditor reads, in pixels.
        reference: A trained model that never saw the members, as a further blind baseline.
        seed: Seed of split, weights and order.
        allow_overlap: Go on where members and externals overlap.
        seeds: Networks of each auditor, from this many seeds.
    """

    model: str
    members: str
    external: tuple[str, ...]
    layer: str
    kind: str = "vanilla"
    map_side: int = 8
    reference: str | None = None
    seed: int = 0
    allow_overlap: bool = False
    seeds: int = SEEDS


def compare(home: Home, request: CompareRequest, *, device: str, reporter: Reporter) -> Card:
    """Train an auditor against each source of externals and test it on each.

    Members and externals of the test are always held out: the split hangs on image and seed alone, so an image that
    one auditor holds out, every auditor holds out.

    Returns:
        The card, with one cell a pair in ``cells``.

    Raises:
        MintError: As `sweep` does, or fewer than two sources or more than one layer are named.
    """
    if len(set(request.external)) < 2:
        raise MintError(
            "Comparing databases takes at least two datasets of externals: give --external twice."
        )
    auditors = [_auditor(home, request, name, device, reporter) for name in request.external]
    content = ":".join(card["id"] for card in auditors)
    comparison_id = f"comparison-{hashlib.blake2b(content.encode(), digest_size=6).hexdigest()}"
    if not home.has("comparisons", comparison_id):
        cells = _cells(home, request, auditors, device, reporter)
        with home.publishing("comparisons", comparison_id) as folder:
            write_card(
                folder,
                "comparisons",
                comparison_id,
                model=request.model,
                members=request.members,
                external=list(request.external),
                layer=request.layer,
                auditor_kind=request.kind,
                auditors=[card["id"] for card in auditors],
                cells=cells,
                seed=request.seed,
                versions=versions(),
            )
    return home.card("comparisons", comparison_id)


def _auditor(
    home: Home, request: CompareRequest, external: str, device: str, reporter: Reporter
) -> Card:
    cards = sweep(
        home,
        SweepRequest(
            model=request.model,
            members=request.members,
            external=external,
            layers=request.layer,
            kinds=(request.kind,),
            map_side=request.map_side,
            reference=request.reference,
            seed=request.seed,
            allow_overlap=request.allow_overlap,
            seeds=request.seeds,
        ),
        device=device,
        reporter=reporter,
    )
    if len(cards) != 1:
        raise MintError(
            f"--layer {request.layer!r} names {len(cards)} layers: a comparison takes one."
        )
    return cards[0]


def _cells(
    home: Home, request: CompareRequest, auditors: Sequence[Card], device: str, reporter: Reporter
) -> list[dict[str, Any]]:
    reporter.stage("Test each auditor on each database", len(auditors) ** 2)
    cells = []
    for card in auditors:
        for test_external in request.external:
            cells.append(_cell(home, request, card, test_external, device))
            reporter.advance()
    return cells


def _cell(
    home: Home, request: CompareRequest, card: Card, test_external: str, device: str
) -> dict[str, Any]:
    cohort = build_cohort(
        home, request.members, test_external, request.seed, allow_overlap=request.allow_overlap
    )
    test = _unseen(home, card, cohort)
    by_network = score_images(home, card, [cohort.sample_ids[i] for i in test], device)
    scored = np.all([np.isfinite(values) for values in by_network.values()], axis=0)
    figures = compare_scores(
        {name: values[scored] for name, values in by_network.items()},
        cohort.is_member[test][scored],
        card["threshold"],
        request.seed,
    )
    del figures["roc"], figures["blind"]
    return {
        "auditor": card["id"],
        "train_external": card["made_from"]["external"]["dataset"],
        "test_external": test_external,
        "networks": [name for name in by_network if name != AUDITOR],
        **figures,
    }


def _unseen(home: Home, card: Card, cohort: Cohort) -> np.ndarray:
    """Give the held-out images that the auditor did not see: near-duplicates may have brought one into another part."""
    known = auditor_scores(home, card["id"])
    part = np.array(known.column("part").to_pylist())
    seen = np.array(known.column("sample_id").to_pylist())[part != "test"]
    test = cohort.positions("test")
    return test[~np.isin(np.array(cohort.sample_ids)[test], seen)]
