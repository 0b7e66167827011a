"""What reports say of an auditor: its figures and charts, beside its blind baselines."""

from typing import Any

from mintcore.interval_chart import BLIND_BASELINE, OURS, Mark
from mintcore.palette import AUDITOR, BLIND
from mintcore.reports import figures
from mintcore.reports.content import Curves, Figure, Intervals
from store.artefacts import Card


def auditor_figures(auditor: Card) -> list[Figure]:
    """Give what an auditor reaches on its held-out images."""
    return [
        figures.count("Held-out members of the auditor", auditor["n_members"]),
        figures.count("Held-out externals of the auditor", auditor["n_externals"]),
        figures.with_interval("AUC of the auditor", auditor["auc"], auditor["auc_ci"]),
        figures.with_interval(
            f"AUC of the best blind baseline ({auditor['best_blind']})",
            auditor["blind_auc"],
            auditor["blind_auc_ci"],
        ),
        figures.with_interval("Advantage", auditor["advantage"], auditor["advantage_ci"], "+.3f"),
        figures.with_interval("Accuracy", auditor["accuracy"], auditor["accuracy_ci"], ".1%"),
        *figures.low_rates(auditor),
    ]


def auditor_curves(auditor: Card) -> Curves:
    """Draw the ROC of an auditor beside those of its blind baselines."""
    return Curves(
        "ROC of the auditor on held-out images",
        "The share of members found, against the share of externals found with them, for every threshold. The "
        "diagonal is chance. Grey: blind baselines, which cannot know the members.",
        curves(auditor),
    )


def curves(card: Card) -> list[dict[str, Any]]:
    """Give the ROC curves of an auditor or audit, the blind baselines' first.

    Args:
        card: ``roc`` and ``blind``.
    """
    blind = [
        {
            "name": f"blind: {each['name']}",
            "colour": BLIND,
            "auc": each["auc"],
            "points": each["roc"],
        }
        for each in card["blind"]
    ]
    ours = {"name": "auditor", "colour": AUDITOR, "auc": card["auc"], "points": card["roc"]}
    return [*blind, ours]


def auditor_aucs(auditor: Card) -> Intervals:
    """Draw the AUC of an auditor beside those of its blind baselines."""
    return Intervals(
        "The auditor beside what cannot know the members",
        "AUC of held-out members against held-out externals, with 95% intervals; the dashed line is chance.",
        marks(auditor),
    )


def marks(card: Card) -> list[Mark]:
    """Give the AUCs of an auditor or audit, the auditor's first.

    Args:
        card: ``auc`` and ``blind`` with their intervals.
    """
    blind = [
        Mark("", each["name"], BLIND_BASELINE, each["auc"], *each["auc_ci"])
        for each in card["blind"]
    ]
    return [Mark("", "auditor", OURS, card["auc"], *card["auc_ci"]), *blind]
