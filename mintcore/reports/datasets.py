"""The report of the audit of a dataset."""

import pyarrow as pa

from mintcore.audit_reading import AuditTables
from mintcore.palette import AUDITED, EXTERNAL, MEMBER
from mintcore.reports import figures, making
from mintcore.reports.answers import dataset_answer
from mintcore.reports.auditors import curves, marks
from mintcore.reports.content import Curves, Distributions, Figure, Intervals, Report, Table
from mintcore.reports.earlier import complete
from mintcore.reports.glossary import TERMS, TIERS
from mintcore.reports.limits import ALWAYS, OF_A_SET, further_limits
from mintcore.reports.scores import binned
from mintcore.trail import trail_of
from mintcore.verdicts import discoveries_note, groups_note
from store.artefacts import Card, Home

LISTED = 20


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
        figures=_figures(card),
        charts=[_scores(tables), _roc(card), _aucs(card)],
        tables=[
            _drift(card),
            *([_groups(card, tables.groups)] if len(tables.groups) else []),
            _images(card, tables.images),
        ],
        limits=[*ALWAYS, *OF_A_SET, *further_limits(card["tier"], auditor)],
        making=making.audit_making(home, card, auditor),
        trail=[link.to_json() for link in trail_of(home, [card])],
        glossary=TERMS | TIERS,
        data={"audit": card},
    )


def _figures(card: Card) -> list[Figure]:
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


def _scores(tables: AuditTables) -> Distributions:
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
        binned(groups),
    )


def _roc(card: Card) -> Curves:
    return Curves(
        "ROC: the set against held-out externals",
        "The share of the set found, against the share of externals found with it, for every threshold. The diagonal "
        "is chance. Grey: blind baselines, which cannot know the members.",
        curves(card),
    )


def _aucs(card: Card) -> Intervals:
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
