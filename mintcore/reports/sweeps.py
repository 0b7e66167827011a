"""The report of a sweep: all auditors of one experiment, layer by layer."""

from collections.abc import Sequence

from mintcore.counted import counted
from mintcore.interval_chart import BEST_BLIND, OURS, Mark
from mintcore.library import (
    auditor_row,
    auditors_of,
    experiment_key,
    experiment_of,
    further_auditors_of,
    layer_names,
)
from mintcore.reports import figures, making
from mintcore.reports.answers import sweep_answer, what_it_reads
from mintcore.reports.auditors import auditor_curves, auditor_figures
from mintcore.reports.content import Intervals, Report, Table
from mintcore.reports.earlier import complete
from mintcore.reports.glossary import TERMS, TIERS
from mintcore.reports.limits import ALWAYS, OF_SEVERAL, further_limits
from mintcore.runs import split_of
from mintcore.trail import trail_of
from store.artefacts import Card, Home


@complete
def sweep_report(home: Home, auditors: Sequence[Card]) -> Report:
    """Report on a sweep.

    Args:
        home: The home folder.
        auditors: The cards of all its auditors, at least one. Those of a model or of images that had the same names
            before are left out.
    """
    swept = swept_together(home, auditors)
    chosen = max(swept, key=lambda card: float(card["validation_auc"]))
    return Report(
        kind="sweep",
        subject=experiment_key(chosen),
        created=max(card["created"] for card in swept),
        question=f"Which layers of the model “{chosen['model']}” show which images it was trained on?",
        answer=sweep_answer(swept, chosen),
        tier=chosen["tier"],
        meaning=chosen["meaning"],
        findings=[],
        remarks=[*_left_out(len(auditors) - len(swept)), *chosen.get("remarks", ())],
        figures=auditor_figures(chosen),
        charts=[_by_layer(swept), auditor_curves(chosen)],
        tables=[_table(swept)],
        limits=[*ALWAYS, *OF_SEVERAL, *further_limits(chosen["tier"], chosen)],
        making={
            "This sweep": _making(swept),
            "The audited model": making.model_facts(
                home, chosen["model"], chosen["model_fingerprint"]
            ),
            "The auditor that was chosen": making.auditor_facts(chosen),
            "Its images": making.split_facts(chosen),
        },
        trail=[link.to_json() for link in trail_of(home, swept)],
        glossary=TERMS | TIERS,
        data={"auditors": [auditor_row(card) for card in swept]},
    )


def swept_together(home: Home, auditors: Sequence[Card]) -> list[Card]:
    """Pick the auditors that can stand in one table, in the order of the layers; those of several layers come last."""
    newest = max(auditors, key=lambda card: str(card["created"]))
    same = [card for card in auditors if _subjects(card) == _subjects(newest)]
    experiment = experiment_of(newest)
    layers = layer_names(home.card("models", newest["model"]))
    return [*auditors_of(same, experiment, layers), *further_auditors_of(same, experiment)]


def _subjects(card: Card) -> tuple[object, ...]:
    """Name the model and the held-out images that an auditor was tested on."""
    return (card["model_fingerprint"], *split_of(card))


def _left_out(auditors: int) -> list[str]:
    if not auditors:
        return []
    return [
        f"{counted(auditors, 'auditor')} of this experiment {'is' if auditors == 1 else 'are'} left out: made anew "
        "since, or for another model or other images of the same names."
    ]


def _making(swept: Sequence[Card]) -> dict[str, str]:
    made = [card["created"] for card in swept]
    return {
        "made": f"{min(made)} to {max(made)}",
        "made again by": making.sweep_command(swept),
    }


def _by_layer(swept: Sequence[Card]) -> Intervals:
    marks = []
    for card in swept:
        group, label = (
            card["auditor_kind"],
            card["layer"] if card["view"] else "all sources together",
        )
        marks += [
            Mark(group, label, OURS, card["auc"], *card["auc_ci"]),
            Mark(group, label, BEST_BLIND, card["blind_auc"], *card["blind_auc_ci"]),
        ]
    return Intervals(
        "Layer by layer, from input to output",
        "AUC of each auditor beside its best blind baseline on held-out images, with 95% intervals; the dashed line is "
        "chance. Only what an auditor is ahead by is evidence of membership.",
        sorted(marks, key=lambda mark: _places(swept).index(mark.group)),
    )


def _places(swept: Sequence[Card]) -> list[str]:
    return list(dict.fromkeys(card["auditor_kind"] for card in swept))


def _table(swept: Sequence[Card]) -> Table:
    return Table(
        "All auditors",
        "Figures of held-out images that nothing was fitted or chosen on.",
        ["Auditor", "Tier", "AUC", "Best blind AUC", "Advantage", "Validation"],
        [
            [
                what_it_reads(card),
                card["tier"],
                figures.interval_cell(card["auc"], card["auc_ci"]),
                f"{figures.cell(card['blind_auc'])} {card['best_blind']}",
                figures.interval_cell(card["advantage"], card["advantage_ci"], "+.3f"),
                figures.cell(card["validation_auc"]),
            ]
            for card in swept
        ],
        len(swept),
        words=2,
    )
