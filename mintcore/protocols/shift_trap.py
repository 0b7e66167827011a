"""P4: the trap. Members of one database and externals of another look like membership, whatever the model saw."""

from dataclasses import dataclass, field

import numpy as np

from mintcore.protocols.bench import Bench
from mintcore.protocols.data import CIFAR_FILES, GTSRB_FILES, LFW_FILES, lfw
from mintcore.protocols.marks import marks_of
from mintcore.protocols.object_models import ObjectTraining, train_cifar10, train_gtsrb
from mintcore.protocols.protocol import Outcome, Protocol
from mintcore.protocols.steps import Experiment
from mintcore.protocols.tables import Row
from mintcore.verdicts import MEANING, Tier

SAME, OTHER = "same source", "other source"


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
    faces: int = 2_500
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
    outcome = Outcome([], [], [], _asks_for_same_source())
    for case in cases:
        for source, external in ((SAME, case.same), (OTHER, case.other)):
            experiment = Experiment(case.model, case.reference, case.members, external, seeds)
            _judge(outcome, case, source, experiment.audited(bench, layers))
        outcome.sentences.extend(_hidden(case, outcome.rows))
    return outcome


def _judge(outcome: Outcome, case: Case, source: str, rows: list[Row]) -> None:
    expected = case.expected(source)
    words = " or ".join(f"'{tier.value}'" for tier in expected)
    group = f"{case.name}, externals of the {source}"
    for line in rows:
        if line["tier"] not in expected:
            outcome.failures.append(
                f"{group}, {line['layer']}: the tier is '{line['tier']}', but must be {words}."
            )
    outcome.rows.extend(line | {"case": group, "expected": words} for line in rows)
    outcome.marks.extend(marks_of(group, rows))
    outcome.sentences.append(_sentence(group, rows))


def _sentence(group: str, rows: list[Row]) -> str:
    aucs, blinds = ([line[key] for line in rows] for key in ("auc", "blind_auc"))
    tiers = list(dict.fromkeys(line["tier"] for line in rows))
    meaning = MEANING[Tier(tiers[0])] if len(tiers) == 1 else ""
    return (
        f"{group}: AUC {_span(aucs)}, best blind baseline {_span(blinds)}, so the finding is "
        f"'{' or '.join(tiers)}'. {meaning}"
    ).strip()


def _asks_for_same_source() -> list[str]:
    """Check that the words for a shift say what to do about it."""
    if SAME in MEANING[Tier.DATASET_SHIFT]:
        return []
    return [f"The words for a shift do not ask for externals of the {SAME}."]


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
