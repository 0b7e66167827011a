"""P3: a face model trained here on some images of some people, against three kinds of externals."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mintcore.errors import PERSON_ERRORS
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.protocols.bench import Bench
from mintcore.protocols.data import (
    CIFAR_LABELS,
    CIFAR_TEST,
    LFW_FILES,
    Pictures,
    cifar10_test,
    lfw,
    numbered,
)
from mintcore.protocols.marks import marks_of
from mintcore.protocols.protocol import Outcome, Protocol
from mintcore.protocols.steps import Experiment, accuracy_of, finding_of, grouped_finding_of
from mintcore.protocols.tables import Row, refusal
from mintcore.training.ground_truth import train_model
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import FLIP, IDENTITY, SOFTMAX, TrainingSettings

MODEL, REFERENCE, PUBLIC = "faces", "faces-blind", "mobilefacenet"
SAME_PEOPLE, OTHER_PEOPLE = "(a) other images of the same people", "(b) other people"
STRANGERS = "(c) another database"
LAST_BLOCK = "layer3.2"
PUBLIC_WEIGHTS = "weights/mobilefacenet_casia_xiaoccer.safetensors"
PUBLIC_INPUT = Preprocessing((112, 96), mean=(0.5,) * 3, std=(128 / 255,) * 3)


@dataclass(frozen=True)
class Faces:
    """The definition of P3.

    Attributes:
        least_images: People with at least so many images in LFW train the face models.
        most_images: So many random images of each of them are used; a few have hundreds.
        audited_share: Share of these people that the audited model learns, from a random half of each one's images; the
            blind reference model learns the others.
        arch: Architecture of the face models.
        side: Pixels of the input's sides.
        training: Of both models.
        others: Random images of all other people: externals (b).
        strangers: Random test images of CIFAR-10: externals (c), since no other database of faces is at hand.
        queries: How often an image is asked about, augmented, at the last block.
        seeds: Networks an auditor.
        seed: Chooses people and images.
    """

    least_images: int = 5
    most_images: int = 30
    audited_share: float = 2 / 3
    arch: str = "mintcore:resnet20-cifar"
    side: int = 56
    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(
            epochs=20,
            batch_size=64,
            augment=FLIP,
            head=SOFTMAX,
            embedding=128,
            learn=IDENTITY,
        )
    )
    others: int = 1_000
    strangers: int = 1_000
    queries: int = 10
    seeds: int = 3
    seed: int = 0


def run(bench: Bench, definition: Faces) -> Outcome:
    """Audit the face model with each kind of externals; say why the public one gives no figure."""
    members, externals = _people(bench, definition)
    _train(bench, definition, members, externals[SAME_PEOPLE])
    outcome = Outcome([], [accuracy_of(bench.home, MODEL)], [])
    for case, external in externals.items():
        experiment = Experiment(MODEL, REFERENCE, members, external, definition.seeds)
        rows = experiment.audited(bench, "all")
        if case == SAME_PEOPLE:
            rows += experiment.audited(bench, LAST_BLOCK, view=f"pooled-q{definition.queries}")
        outcome.rows.extend(line | {"case": case} for line in rows)
        outcome.marks.extend(marks_of(case, rows))
        outcome.sentences.append(f"{case}: {finding_of(rows)}")
        if case != STRANGERS:
            outcome.sentences.append(f"{case}: {grouped_finding_of(bench.home, rows, 'people')}")
    refused = _public(bench, externals[OTHER_PEOPLE], definition.seeds)
    outcome.rows.append(refused)
    outcome.sentences.append(f"{PUBLIC}: no membership figure. {refused['said']}")
    return outcome


def _people(bench: Bench, definition: Faces) -> tuple[str, dict[str, str]]:
    """Register the members, and the three kinds of externals by what they are."""
    least = definition.least_images
    members = bench.dataset(
        f"lfw-{least}-members", "member", lambda: _cut(bench, definition)["members"]
    )
    externals = {
        SAME_PEOPLE: bench.dataset(
            f"lfw-{least}-same-people", "external", lambda: _cut(bench, definition)["same"]
        ),
        OTHER_PEOPLE: bench.dataset(
            f"lfw-{least}-others-{definition.others}",
            "external",
            lambda: _cut(bench, definition)["others"],
        ),
        STRANGERS: bench.dataset(
            f"cifar10-test-random-{definition.strangers}",
            "external",
            lambda: cifar10_test(bench.data).shuffled(definition.seed)[: definition.strangers],
        ),
    }
    bench.dataset(f"lfw-{least}-blind", "external", lambda: _cut(bench, definition)["blind"])
    return members, externals


def _cut(bench: Bench, definition: Faces) -> dict[str, Pictures]:
    """Cut LFW into members, other images of the same people, images for the blind model, and other people."""
    everything = lfw(bench.data).shuffled(definition.seed)
    pictures = everything[numbered(everything.columns["identity"]) < definition.most_images]
    identity = pictures.columns["identity"]
    people, counts = np.unique(identity, return_counts=True)
    known = people[counts >= definition.least_images]
    known = np.random.default_rng(definition.seed).permutation(known)
    audited = np.isin(identity, known[: round(len(known) * definition.audited_share)])
    first_half = audited & _first_half(identity)
    is_known = np.isin(identity, known)
    return {
        "members": pictures[first_half],
        "same": pictures[audited & ~first_half],
        "blind": pictures[is_known & ~audited],
        "others": pictures[~is_known][: definition.others],
    }


def _first_half(identity: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Choose the first half of each person's images, (N,)."""
    chosen = np.zeros(len(identity), bool)
    for person in np.unique(identity):
        positions = np.flatnonzero(identity == person)
        chosen[positions[: len(positions) // 2]] = True
    return chosen


def _train(bench: Bench, definition: Faces, members: str, same_people: str) -> None:
    preprocessing = Preprocessing((definition.side,) * 2, mean=(0.5,) * 3, std=(0.25,) * 3)
    blind = f"lfw-{definition.least_images}-blind"
    for name, dataset, membership, test in (
        (MODEL, members, "member", same_people),
        (REFERENCE, blind, "external", None),
    ):
        request = TrainingRequest(
            name,
            definition.arch,
            (dataset,),
            preprocessing,
            membership,
            definition.training,
            test,
        )
        train_model(bench.home, request, device=bench.device, reporter=bench.reporter)


def _public(bench: Bench, faces: str, seeds: int) -> Row:
    """Try to audit the public face model, whose training images are not at hand: the product must refuse."""
    weights = bench.data.file(PUBLIC_WEIGHTS)
    add_model(bench.home, PUBLIC, "mintcore:mobilefacenet", weights, PUBLIC_INPUT)
    experiment = Experiment(PUBLIC, None, faces, faces, seeds)
    try:
        (line, *_) = experiment.audited(bench, "output")
    except PERSON_ERRORS as refused:
        return refusal(PUBLIC, faces, str(refused))
    return line


PROTOCOL = Protocol(
    name="P3",
    title="A face model, and three kinds of externals",
    question=(
        "Does a face model show which images of a person it was trained on, against other images of the same people, "
        "against other people, and against another database?"
    ),
    files=(*LFW_FILES, CIFAR_LABELS, CIFAR_TEST, PUBLIC_WEIGHTS),
    definition=Faces(),
    run=run,
)
