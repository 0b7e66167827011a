"""The reports of audits: of a dataset, and of an image."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintcore.audit_reading import AuditTables
from mintcore.evaluation.histogram import score_histogram
from mintcore.library import auditor_scores
from mintcore.palette import AUDITED, EXTERNAL, MEMBER
from mintcore.reports import figures, making
from mintcore.reports.answers import dataset_answer, image_answer
from mintcore.reports.auditors import auditor_aucs, auditor_curves, auditor_figures, curves, marks
from mintcore.reports.content import Curves, Distributions, Figure, Intervals, Report, Table
from mintcore.reports.earlier import complete
from mintcore.reports.glossary import TERMS, TIERS
from mintcore.reports.limits import ALWAYS, OF_A_SET, OF_AN_IMAGE, further_limits
from mintcore.trail import trail_of
from mintcore.verdicts import discoveries_note, groups_note, known_to_auditor
from store.artefacts import Card, Home

BINS = 40
LISTED = 20
_KNOWN = ("is_member", "part", "auditor")


@complete
def dataset_report(home: Home, card: Card, tables: AuditTables) -> Report:
    """Report on the audit of a dataset.

    Args:
        home: The home folder.
        card: The audit's card.
        tables: Its images, groups, and the held-out images.
    """
    auditor = home.card("auditors", card["auditor"])
    return Report(
        kind="audit of a dataset",
        subject=card["id"],
        created=card["created"],
        question=f"Was the dataset “{card['dataset']}” used to train the model “{card['model']}”?",
        answer=dataset_answer(card),
        tier=card["tier"],
        meaning=card["meaning"],
        findings=[],
        remarks=list(card["remarks"]),
        figures=_dataset_figures(card),
        charts=[_dataset_scores(tables), _dataset_curves(card), _dataset_aucs(card)],
        tables=[
            _drift(card),
            *([_groups(card, tables.groups)] if len(tables.groups) else []),
            _images(card, tables.images),
        ],
        limits=[*ALWAYS, *OF_A_SET, *further_limits(card["tier"], auditor)],
        making=_making(home, card, auditor),
        trail=[link.to_json() for link in trail_of(home, [card])],
        glossary=TERMS | TIERS,
        data={"audit": card},
    )


@complete
def image_report(home: Home, card: Card) -> Report:
    """Report on the audit of an image.

    Args:
        home: The home folder.
        card: The audit's card.
    """
    auditor = home.card("auditors", card["auditor"])
    known = known_to_auditor(card)
    return Report(
        kind="audit of an image",
        subject=card["id"],
        created=card["created"],
        question=f"Was the image “{card['name']}” used to train the model “{card['model']}”?",
        answer=image_answer(card),
        tier=card["tier"],
        meaning=card["meaning"],
        findings=[],
        remarks=[each for each in (known, card["remark"]) if each],
        figures=_image_figures(card, auditor),
        charts=[_image_scores(home, card), auditor_curves(auditor), auditor_aucs(auditor)],
        tables=[],
        limits=[*ALWAYS, *OF_AN_IMAGE, *further_limits(card["tier"], auditor)],
        making=_making(home, card, auditor),
        trail=[link.to_json() for link in trail_of(home, [card])],
        glossary=TERMS | TIERS,
        data={"audit": card},
    )


def _dataset_figures(card: Card) -> list[Figure]:
    return [
        figures.count("Images judged", card["n_audited"]),
        figures.count("Left out: the auditor was trained on them", card["n_excluded"]),
        figures.count("Failed: unreadable, or not finite inside the model", card["n_failed"]),
        figures.count("Held-out externals that they are compared with", card["n_externals"]),
        figures.with_interval(
            "AUC of the auditor, set against externals", card["auc"], card["auc_ci"]
        ),
        figures.with_interval(
            f"AUC of the best blind baseline ({card['best_blind']})",
            card["blind_auc"],
            card["blind_auc_ci"],
        ),
        figures.with_interval("Advantage", card["advantage"], card["advantage_ci"], "+.3f"),
        figures.p_value("p-value: its scores are no higher than externals'", card["p_value"]),
        figures.with_interval(
            "Effect size (Cliff's delta)", card["cliffs_delta"], card["cliffs_delta_ci"], "+.3f"
        ),
        *figures.low_rates(card),
        *(
            figures.share(f"Share of members by {method}{_headline(card, method)}", found)
            for method, found in card["shares"].items()
        ),
    ]


def _headline(card: Card, method: str) -> str:
    return " (the headline)" if method == card["share_method"] else ""


def _image_figures(card: Card, auditor: Card) -> list[Figure]:
    return [
        Figure("Score of the image", f"{card['score']:.3f}", card["score"]),
        figures.p_value("p-value: held-out externals that score at least as high", card["p_value"]),
        Figure(
            "Calibrated probability, if half of all images were members",
            f"{card['probability']:.0%}",
            card["probability"],
        ),
        *auditor_figures(auditor),
    ]


def _dataset_scores(tables: AuditTables) -> Distributions:
    compared = tables.compared
    is_member = compared.column("is_member").to_numpy(zero_copy_only=False)
    score = compared.column("score").to_numpy()
    groups = {
        ("held-out externals", EXTERNAL): score[~is_member],
        ("held-out members", MEMBER): score[is_member],
        ("audited set", AUDITED): tables.images.column("score").to_numpy(),
    }
    return Distributions(
        "Where the scores fall",
        "A set that was not used lies on the externals; one that was used moves towards the members. Heights are "
        "shares of each group.",
        _binned(groups),
    )


def _image_scores(home: Home, card: Card) -> Distributions:
    known = auditor_scores(home, card["auditor"], _KNOWN)
    held_out = known.filter(pc.equal(known.column("part"), "test"))
    is_member = held_out.column("is_member").to_numpy(zero_copy_only=False)
    score = held_out.column("auditor").to_numpy()
    groups = {
        ("held-out externals", EXTERNAL): score[~is_member],
        ("held-out members", MEMBER): score[is_member],
    }
    return Distributions(
        "Where the score falls",
        "The line is this image. Where the two groups overlap, a single score says little. Heights are shares of "
        "each group.",
        _binned(groups),
        {"this image": card["score"]},
    )


def _binned(groups: Mapping[tuple[str, str], np.ndarray]) -> list[dict[str, Any]]:
    rows = score_histogram({name: scores for (name, _), scores in groups.items()}, BINS)
    drawn = []
    for name, colour in groups:
        bins = [row for row in rows if row["group"] == name]
        if bins:
            edges = [*(row["low"] for row in bins), bins[-1]["high"]]
            shares = [row["share"] for row in bins]
            drawn.append(
                {
                    "name": name,
                    "colour": colour,
                    "n": bins[0]["n"],
                    "edges": edges,
                    "shares": shares,
                }
            )
    return drawn


def _dataset_curves(card: Card) -> Curves:
    return Curves(
        "ROC: the set against held-out externals",
        "The share of the set found, against the share of externals found with it, for every threshold. The diagonal "
        "is chance. Grey: blind baselines, which cannot know the members.",
        curves(card),
    )


def _dataset_aucs(card: Card) -> Intervals:
    return Intervals(
        "The auditor beside what cannot know the members",
        "AUC of the set against held-out externals, with 95% intervals; the dashed line is chance.",
        marks(card),
    )


def _drift(card: Card) -> Table:
    return Table(
        "Drift from the externals in training",
        f"Distance of scores from those of the {card['n_training_externals']:,} externals that the auditor was trained "
        "on. “Expected” is that of externals it had not seen; p is that of the set against these.",
        ["Scored by", "Audited set", "Expected", "Set from held-out externals", "p"],
        [
            [
                f"{'blind: ' if row['blind'] else ''}{row['network']}",
                figures.cell(row["from_training"], ".2f"),
                figures.cell(row["expected"], ".2f"),
                figures.cell(row["from_held_out"], ".2f"),
                figures.cell(row["p_value"], ".2g"),
            ]
            for row in card["drift"]
        ],
        len(card["drift"]),
    )


def _groups(card: Card, groups: pa.Table) -> Table:
    return Table(
        "Labels and identities",
        groups_note(card),
        ["Group", "n", "Externals", "AUC", "Blind AUC", "Cliff's delta", "p", "q"],
        [
            [
                f"{row['kind']} {row['group']}",
                f"{row['n']:,}",
                f"{row['n_externals']:,}",
                figures.cell(row["auc"]),
                figures.cell(row["blind_auc"]),
                figures.cell(row["cliffs_delta"], "+.2f"),
                figures.cell(row["p_value"], ".2g"),
                figures.cell(row["q_value"], ".2g"),
            ]
            for row in groups.slice(0, LISTED).to_pylist()
        ],
        len(groups),
    )


def _images(card: Card, images: pa.Table) -> Table:
    return Table(
        "Highest-scoring images",
        discoveries_note(card),
        ["Image", "Content (sample_id)", "Score", "p", "q"],
        [
            [
                str(row["uri"]),
                row["sample_id"],
                figures.cell(row["score"], ".2f"),
                figures.cell(row["p_value"], ".2g"),
                figures.cell(row.get("q_value"), ".2g"),
            ]
            for row in images.slice(0, LISTED).to_pylist()
        ],
        len(images),
        words=2,
    )


def _making(home: Home, card: Card, auditor: Card) -> dict[str, dict[str, str]]:
    return {
        "This audit": making.audit_facts(card),
        "The audited model": making.model_facts(home, card["model"], card["model_fingerprint"]),
        "The auditor": making.auditor_facts(auditor),
        "Its images": making.split_facts(auditor),
    }
