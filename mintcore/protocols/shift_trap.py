"""P4: the trap. Members of one database and externals of another look like membership, whatever the model saw."""

from dataclasses import dataclass, field

import numpy as np

from mintcore.protocols.bench import Bench
from mintcore.protocols.charts import BLIND_BASELINE, OURS, Mark
from mintcore.protocols.data import CIFAR_FILES, GTSRB_FILES, LFW_FILES, lfw
from mintcore.protocols.object_models import ObjectTraining, train_cifar10, train_gtsrb
from mintcore.protocols.protocol import Outcome, Protocol
from mintcore.protocols.tables import Row, auditor_line
from mintcore.sweep import SweepRequest, sweep
from mintcore.verdicts import MEANING, Tier
from store.artefacts import Card

SAME, OTHER = "same source", "other source"
_ADVICE = "same source"
"""What the product must ask for where it finds a shift."""


@dataclass(frozen=True)
class ShiftTrap:
    """The definition of P4.

    Attributes:
        objects: The audited models; (a) is that of GTSRB, (b) that of CIFAR-10. The members are CIFAR-10's.
        faces: Random images of LFW: the externals of another source.
        layers: Whose auditors are trained.
        seeds: Networks an auditor.
    """

    objects: ObjectTraining = field(default_factory=ObjectTraining)
    faces: int = 5_000
    layers: str = "block3,dense,output"
    seeds: int = 3


@dataclass(frozen=True)
class Case:
    """One audited model in the trap.

    Attributes:
        name: A few words.
        model: The audited model.
        reference: Its blind reference model.
        members: Dataset of the images that are said to be members.
        same: Dataset of externals of the same source.
        other: Dataset of externals of another source.
        trained: Whether the model was really trained on the members.
    """

    name: str
    model: str
    reference: str
    members: str
    same: str
    other: str
    trained: bool

    def expected(self, external: str) -> tuple[Tier, ...]:
        """Say which tiers are honest with externals of the "same source" or of an "other source"."""
        if external == OTHER:
            return (Tier.DATASET_SHIFT,)
        if not self.trained:
            return (Tier.NO_EVIDENCE,)
        return (Tier.NO_EVIDENCE, Tier.WEAK, Tier.MODERATE, Tier.STRONG)


def run(bench: Bench, definition: ShiftTrap) -> Outcome:
    """Lay the trap for a model that was trained on neither side, and for one that was trained on the members."""
    ours = train_cifar10(bench, definition.objects)
    foreign = train_gtsrb(bench, definition.objects)
    faces = bench.dataset(
        f"lfw-random-{definition.faces}",
        "external",
        lambda: lfw(bench.data).shuffled(definition.objects.seed)[: definition.faces],
    )
    sides = (ours.members, ours.external, faces)
    cases = (
        Case("(a) trained on neither", foreign.model, foreign.reference, *sides, trained=False),
        Case("(b) trained on the members", ours.model, ours.reference, *sides, trained=True),
    )
    return spring(bench, cases, definition.layers, definition.seeds)


def spring(bench: Bench, cases: tuple[Case, ...], layers: str, seeds: int) -> Outcome:
    """Train the auditors of each case with externals of both sources, and hold their tiers against what is honest."""
    outcome = Outcome([], [], [])
    for case in cases:
        for source, external in ((SAME, case.same), (OTHER, case.other)):
            request = SweepRequest(
                case.model,
                case.members,
                external,
                layers=layers,
                kinds=("vanilla",),
                reference=case.reference,
                seeds=seeds,
            )
            cards = sweep(bench.home, request, device=bench.device, reporter=bench.reporter)
            _judge(outcome, case, source, cards)
        outcome.sentences.extend(_hidden(case, outcome.rows))
    return outcome


def _judge(outcome: Outcome, case: Case, source: str, cards: list[Card]) -> None:
    expected = case.expected(source)
    group = f"{case.name}, externals of the {source}"
    for card in cards:
        line = auditor_line(card)
        words = " or ".join(f"'{tier.value}'" for tier in expected)
        outcome.rows.append(line | {"case": group, "expected": words})
        outcome.marks.extend(_marks(group, line))
        if card["tier"] not in expected:
            outcome.failures.append(
                f"{group}, {card['layer']}: the tier is '{card['tier']}', but must be {words}."
            )
        if card["tier"] == Tier.DATASET_SHIFT and _ADVICE not in card["meaning"]:
            outcome.failures.append(
                f"{group}, {card['layer']}: externals of the {_ADVICE} are not asked for."
            )
    outcome.sentences.append(_sentence(group, cards))


def _sentence(group: str, cards: list[Card]) -> str:
    aucs, blinds = ([card[key] for card in cards] for key in ("auc", "blind_auc"))
    tiers = list(dict.fromkeys(card["tier"] for card in cards))
    meaning = MEANING[Tier(tiers[0])] if len(tiers) == 1 else ""
    return (
        f"{group}: AUC {_span(aucs)}, best blind baseline {_span(blinds)}, so the finding is "
        f"'{' or '.join(tiers)}'. {meaning}"
    ).strip()


def _hidden(case: Case, rows: list[Row]) -> list[str]:
    """Say that a shift hides membership, where it is there and does."""
    mine = [line for line in rows if str(line["case"]).startswith(case.name)]
    shown = [line for line in mine if line["tier"] not in (Tier.NO_EVIDENCE, Tier.DATASET_SHIFT)]
    hidden = [line for line in mine if line["tier"] == Tier.DATASET_SHIFT]
    if not (case.trained and shown and hidden):
        return []
    return [
        f"{case.name}: externals of the {SAME} show membership at {', '.join(str(line['layer']) for line in shown)}; "
        f"with externals of an {OTHER} the same membership cannot be shown, since a blind baseline that tells the two "
        "databases apart hides membership as well as it unmasks shift."
    ]


def _marks(group: str, line: Row) -> list[Mark]:
    label = str(line["layer"])
    return [
        Mark(group, label, OURS, line["auc"], line["auc_low"], line["auc_high"]),
        Mark(
            group, label, BLIND_BASELINE, line["blind_auc"], line["blind_low"], line["blind_high"]
        ),
    ]


def _span(values: list[float]) -> str:
    low, high = f"{np.min(values):.3f}", f"{np.max(values):.3f}"
    return low if low == high else f"{low} to {high}"


PROTOCOL = Protocol(
    name="P4",
    title="The trap: dataset shift is not membership",
    question=(
        "Does the product say 'dataset shift: membership not shown' where members and externals come from two "
        "databases, on a model that saw neither and on one that was trained on the members?"
    ),
    files=(*CIFAR_FILES, *GTSRB_FILES, *LFW_FILES),
    definition=ShiftTrap(),
    run=run,
)
