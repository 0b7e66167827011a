"""Steps that protocols share: auditors of an experiment, other methods on the same split, and how the two compare."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.arrays import LABEL, parse_view, signals_view
from mintcore.auditors.publication import source_keys, sources_of, specs_of
from mintcore.auditors.sources import asked_arrays
from mintcore.devices import choose_device
from mintcore.evaluation.advantage import Advantage, advantage
from mintcore.extraction.run import extract
from mintcore.library import auditor_scores
from mintcore.methods.requests import MethodsRequest
from mintcore.methods.run import run_methods
from mintcore.models.taps import layers
from mintcore.protocols.bench import Bench
from mintcore.protocols.groups import over_groups
from mintcore.protocols.tables import AUDITOR, METHOD, Row, auditor_line, method_lines
from mintcore.subjects import load_subjects
from mintcore.sweep import SweepRequest, sweep
from mintcore.verdicts import MEANING, Tier
from store.artefacts import Card, Home


@dataclass(frozen=True)
class Experiment:
    """One audited model against one source of externals.

    Attributes:
        model: The audited model.
        reference: A trained model that saw neither side, as a further blind baseline; None where there is none.
        members: Dataset of the members.
        external: Dataset of the externals.
        seeds: Networks a source of each auditor.
    """

    model: str
    reference: str | None
    members: str
    external: str
    seeds: int

    def extracted(self, bench: Bench, keys: Sequence[str]) -> None:
        """Compute in one pass what several auditors will read, of the audited model and its blind counterparts.

        Args:
            bench: Where.
            keys: "layer/view" each, the layer a name or a glob.
        """
        device = choose_device(bench.device)
        subjects = load_subjects(bench.home, self.model, self.reference, device)
        for model in (subjects.audited, *subjects.blind().values()):
            specs = asked_arrays(layers(model), keys)
            extract(bench.home, model, (self.members, self.external), specs, bench.reporter)

    def audited(self, bench: Bench, chosen: str, kind: str = "vanilla", **more: Any) -> list[Row]:
        """Train what is missing of some auditors.

        Args:
            bench: Where.
            chosen: Layers: "all", or names and globs separated by commas.
            kind: Kind of auditor.
            **more: Other fields of the sweep's request, such as ``view``.

        Returns:
            A line each.
        """
        request = SweepRequest(
            model=self.model,
            members=self.members,
            external=self.external,
            layers=chosen,
            kinds=(kind,),
            reference=self.reference,
            seeds=self.seeds,
            **more,
        )
        cards = sweep(bench.home, request, device=bench.device, reporter=bench.reporter)
        return [auditor_line(card, _passes(card), _contributions(card)) for card in cards]

    def attacked(self, bench: Bench, references: Sequence[str], queries: int) -> list[Row]:
        """Measure other methods on the same split, a line each.

        Args:
            bench: Where.
            references: Names of the reference models.
            queries: How often an image is asked about, augmented.
        """
        request = MethodsRequest(
            model=self.model,
            members=self.members,
            external=self.external,
            references=tuple(references),
            queries=queries,
        )
        return method_lines(
            run_methods(bench.home, request, device=bench.device, reporter=bench.reporter)
        )


def label_signals(queries: int, *, stressed: bool = False) -> str:
    """Name the view of how a model's outputs answer for the label of an image, in so many queries."""
    return replace(signals_view(LABEL, queries), stressed=stressed).name


def best_of(rows: Sequence[Row]) -> Row:
    """Choose the auditor that validation shows to be the best; the test part does not choose."""
    auditors = [line for line in rows if line["role"] == AUDITOR]
    return max(auditors, key=lambda line: float(line["validation_auc"]))


def finding_of(rows: Sequence[Row]) -> str:
    """Say what the chosen auditor of one experiment found."""
    chosen = best_of(rows)
    return (
        f"validation chose the auditor {chosen['what']}, with an AUC of {chosen['auc']:.3f} [{chosen['auc_low']:.3f}, "
        f"{chosen['auc_high']:.3f}] beside {chosen['blind_auc']:.3f} of the best blind baseline "
        f"({chosen['best_blind']}): '{chosen['tier']}'. {MEANING[Tier(chosen['tier'])]}"
        + (f" What it leans on: {chosen['source']}." if chosen["source"] else "")
    )


def grouped_finding_of(home: Home, rows: Sequence[Row], unit: str) -> str:
    """Say how sure the chosen auditor's AUC is where images come in groups, such as "people"."""
    chosen = best_of(rows)
    (low, high), count = over_groups(home, chosen)
    return (
        f"the {count:,} {unit} of the held-out images drawn again as a whole, the AUC of {chosen['what']} lies in "
        f"[{low:.3f}, {high:.3f}]."
    )


def accuracy_of(home: Home, model: str) -> str:
    """Say how well a model that was trained here knows its training images and others."""
    trained_on = home.card("models", model)["trained_on"]
    test = trained_on["test"]
    low, high = test["accuracy_ci"]
    return (
        f"{model} was trained on {trained_on['images']:,} images for {trained_on['epochs']} epochs; it is right on "
        f"{trained_on['train_accuracy']:.1%} of them as it saw them, and on {test['accuracy']:.1%} [{low:.1%}, "
        f"{high:.1%}] of the {test['images']:,} images of {test['dataset']}."
    )


def lead_over(home: Home, auditor: Row, method: Row) -> Advantage:
    """Compare an auditor with a method on the same held-out images: AUC minus AUC, paired.

    Args:
        home: The home folder.
        auditor: Line of an auditor.
        method: Line of a method, of the same experiment.
    """
    ours = _held_out(auditor_scores(home, auditor["artefact"]), AUDITOR)
    theirs = _held_out(
        pq.read_table(home.folder("methods", method["artefact"]) / "scores.parquet"),
        method["what"],
    )
    both = sorted(ours.keys() & theirs.keys())
    is_member = np.array([ours[name][1] for name in both])
    one, other = (np.array([side[name][0] for name in both]) for side in (ours, theirs))
    return advantage(one, [other], is_member)


def against_methods(home: Home, rows: Sequence[Row]) -> list[str]:
    """Say how the chosen auditor of one experiment stands beside each method."""
    chosen, leads = best_of(rows), []
    for method in (line for line in rows if line["role"] == METHOD):
        lead = lead_over(home, chosen, method)
        low, high = lead.interval
        word = "ahead of" if low > 0 else "behind" if high < 0 else "level with"
        leads.append(f"{word} {method['what']} ({lead.value:+.3f} [{low:+.3f}, {high:+.3f}])")
    return [
        f"{chosen['model']}: {finding_of(rows)}",
        f"{chosen['model']}: on the same held-out images {chosen['what']} is {', '.join(leads)}.",
    ]


def _passes(card: Card) -> int:
    """Count how often an auditor lets the audited model see an image."""
    views = [parse_view(spec.view) for spec in specs_of(card)]
    return sum(
        max((view.queries for view in views if view.stressed == stressed), default=0)
        for stressed in (False, True)
    )


def _contributions(card: Card) -> str | None:
    """Say what an auditor of several sources leans on."""
    sources, fusion = sources_of(card, AUDITOR)
    importance = card["networks"][AUDITOR].get("importance")
    if importance:
        lost = ", ".join(f"{view} {loss:.3f}" for view, loss in importance.items())
        return f"of its AUC on validation images it loses, where one view is shuffled: {lost}"
    if len(sources) == 1:
        return None
    named = zip(sources, fusion.contributions(), strict=True)
    ranked = sorted(named, key=lambda each: -each[1])
    shares = (f"{key} {share:.0%}" for source, share in ranked for key in source_keys(source))
    return f"it weighs {', '.join(shares)}"


def _held_out(table: pa.Table, column: str) -> dict[str, tuple[float, bool]]:
    """Give the scores of the test part by image, with membership; an image without a score is left out."""
    columns = (
        table.column(name).to_pylist() for name in ("sample_id", "part", column, "is_member")
    )
    return {
        sample: (score, member)
        for sample, part, score, member in zip(*columns, strict=True)
        if part == "test" and score is not None and np.isfinite(score)
    }
