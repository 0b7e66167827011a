"""Compare databases: an auditor trained against some sources of externals, tested on another."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mintcore.cross_tests import CrossTest
from mintcore.errors import MintError
from mintcore.progress import Reporter
from mintcore.sweep import SEEDS, SweepRequest, sweep
from mintcore.trail import traced
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
    """Train an auditor against each source of externals, and against all but each, and test them on each.

    Members and externals of the test are always held out: the split hangs on image and seed alone, so an image that
    one auditor holds out, every auditor holds out.

    Returns:
        The card, with one cell a pair in ``cells`` and, in ``leave_one_out``, one a source that was left out. Of two
        sources, leaving one out leaves the other: these are the cells off the diagonal.

    Raises:
        MintError: As `sweep` does, or fewer than two sources or more than one layer are named.
    """
    sources = tuple(dict.fromkeys(request.external))
    if len(sources) < 2:
        raise MintError(
            "Comparing databases takes at least two datasets of externals: give --external twice."
        )
    auditors = {name: _auditor(home, request, (name,), device, reporter) for name in sources}
    all_but = {
        name: _auditor(home, request, _without(sources, name), device, reporter)
        for name in (sources if len(sources) > 2 else ())
    }
    comparison_id = _comparison_id(auditors, all_but)
    if not home.has("comparisons", comparison_id):
        tests = CrossTest(home, request.members, request.seed, request.allow_overlap, device)
        cells = _cells(tests, auditors, reporter)
        left_out = _left_out(tests, all_but, reporter) if all_but else _off_diagonal(cells)
        with home.publishing("comparisons", comparison_id) as folder:
            fields = {
                "model": request.model,
                "members": request.members,
                "external": list(sources),
                "layer": request.layer,
                "auditor_kind": request.kind,
                "auditors": [card["id"] for card in auditors.values()],
                "cells": cells,
                "leave_one_out": left_out,
                "seed": request.seed,
                "versions": versions(),
            }
            write_card(folder, "comparisons", comparison_id, **traced(home, "comparisons", fields))
    return home.card("comparisons", comparison_id)


def _comparison_id(auditors: Mapping[str, Card], all_but: Mapping[str, Card]) -> str:
    content = ":".join(card["id"] for card in (*auditors.values(), *all_but.values()))
    return f"comparison-{hashlib.blake2b(content.encode(), digest_size=6).hexdigest()}"


def _without(sources: tuple[str, ...], left_out: str) -> tuple[str, ...]:
    return tuple(name for name in sources if name != left_out)


def _auditor(
    home: Home,
    request: CompareRequest,
    external: tuple[str, ...],
    device: str,
    reporter: Reporter,
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
    tests: CrossTest, auditors: Mapping[str, Card], reporter: Reporter
) -> list[dict[str, Any]]:
    reporter.stage("Test each auditor on each database", len(auditors) ** 2)
    cells = []
    for card in auditors.values():
        for external in auditors:
            cells.append(tests.cell(card, external))
            reporter.advance()
    return cells


def _left_out(
    tests: CrossTest, all_but: Mapping[str, Card], reporter: Reporter
) -> list[dict[str, Any]]:
    reporter.stage("Test on the database that was left out", len(all_but))
    cells = []
    for external, card in all_but.items():
        cells.append(tests.cell(card, external))
        reporter.advance()
    return cells


def _off_diagonal(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["train_external"] != cell["test_external"]]
