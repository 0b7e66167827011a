"""The report of the audit of an image."""

import pyarrow.compute as pc

from mintcore.library import auditor_scores
from mintcore.palette import EXTERNAL, MEMBER
from mintcore.reports import figures, making
from mintcore.reports.answers import image_answer
from mintcore.reports.auditors import auditor_aucs, auditor_curves, auditor_figures
from mintcore.reports.content import Distributions, Figure, Report
from mintcore.reports.earlier import complete
from mintcore.reports.glossary import TERMS, TIERS
from mintcore.reports.limits import ALWAYS, OF_AN_IMAGE, further_limits
from mintcore.reports.scores import binned
from mintcore.trail import trail_of
from mintcore.verdicts import known_to_auditor
from store.artefacts import Card, Home

_KNOWN = ("is_member", "part", "auditor")


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
        figures=_figures(card, auditor),
        charts=[_scores(home, card), auditor_curves(auditor), auditor_aucs(auditor)],
        tables=[],
        limits=[*ALWAYS, *OF_AN_IMAGE, *further_limits(card["tier"], auditor)],
        making=making.audit_making(home, card, auditor),
        trail=[link.to_json() for link in trail_of(home, [card])],
        glossary=TERMS | TIERS,
        data={"audit": card},
    )


def _figures(card: Card, auditor: Card) -> list[Figure]:
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


def _scores(home: Home, card: Card) -> Distributions:
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
        binned(groups),
        {"this image": card["score"]},
    )
