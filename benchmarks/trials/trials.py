"""The trials by name: each gives the rows of one table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmarks.trials.lab import Lab
from benchmarks.trials.learners import (
    Learner,
    cross_validated,
    linear,
    perceptrons,
    together,
    trees,
)
from benchmarks.trials.numbers import (
    classes,
    lenses,
    probes,
    reaction,
    spread,
    training_views,
    unseen_views,
)
from benchmarks.trials.views import SHOWN
from benchmarks.trials.weights import fine_tuned, gradients
from mintcore.auditors.fitting import Exercise, FitSettings, LabelledSet, fit_together, score
from mintcore.auditors.fusion import fuse
from store.epochs import RowSet
from store.layout import ArraySpec

Row = tuple[str, np.ndarray, np.ndarray]
"""What, (N,) scores, (N,) whether each is a member."""
Numbers = Callable[[Lab], np.ndarray]
SEEDS = (0, 1, 2)
ENOUGH = 32
"""Queries after which more add next to nothing: see ``how-many``."""
ADDED: dict[str, Numbers] = {
    "unseen-views": unseen_views,
    "probes": probes,
    "lenses": lenses,
    "reaction": reaction,
    "gradients": gradients,
    "fine-tuned": fine_tuned,
    "class": classes,
    "layer3.2": lambda lab: lab.layer(3, 2),
    "layer3.7": lambda lab: lab.layer(3, 7),
}


def one_number(lab: Lab) -> Iterator[Row]:
    """Single numbers, without learning."""
    scaled = lab.answers(SHOWN)[lab.open, :, 0]
    member = lab.is_member[lab.open]
    yield "scaled logit of the image (loss threshold)", scaled[:, 0], member
    yield "mean over 64 queries", scaled.mean(1), member
    yield "lowest of 64 queries", scaled.min(1), member
    yield "- standard deviation over 64 queries", -scaled.std(1), member


def how_many(lab: Lab) -> Iterator[Row]:
    """More and more queries."""
    for count in (1, 2, 4, 8, 16, 32, 64):
        answers = lab.answers(SHOWN[:count])
        yield _tried(lab, f"{count} queries, scaled logits, trees", answers[:, :, 0], trees)
        yield _tried(lab, f"{count} queries, spread of signals, perceptrons", spread(answers))


def which_numbers(lab: Lab) -> Iterator[Row]:
    """The same 64 answers put otherwise."""
    answers = lab.answers(SHOWN)
    scaled = answers[:, :, 0]
    puts = {
        "scaled logits as they are": scaled,
        "scaled logits, sorted": np.sort(scaled, axis=1),
        "scaled logits, spread": spread(scaled[:, :, None]),
        "all signals, spread": spread(answers),
        "all signals, spread, and scaled logits": np.concatenate([spread(answers), scaled], 1),
    }
    for name, numbers in puts.items():
        for learner in (linear, perceptrons, trees):
            yield _tried(lab, f"{name}, {learner.__name__}", numbers, learner)


def added(lab: Lab) -> Iterator[Row]:
    """Each further number, alone and together with the 64 queries."""
    queries = training_views(lab)
    yield _tried(lab, "64 queries", queries)
    for name, numbers in ADDED.items():
        found = numbers(lab)
        yield _tried(lab, f"{name} alone", found)
        yield _tried(lab, f"64 queries + {name}", np.concatenate([queries, found], axis=1))


def everything(lab: Lab) -> Iterator[Row]:
    """What helps, together in one network."""
    pieces = [numbers(lab) for numbers in (training_views, unseen_views, probes, lenses)]
    names = ["64 queries", "unseen-views", "probes", "lenses"]
    for count in range(1, len(pieces) + 1):
        joint = np.concatenate(pieces[:count], axis=1)
        yield _tried(lab, " + ".join(names[:count]), joint)
    yield _tried(lab, "the same, perceptrons and trees", joint, together)


def late_or_joint(lab: Lab) -> Iterator[Row]:
    """One network for all, or one each whose scores are weighed: fitted on train, weighed and measured on validation.

    The weights are fitted where they are measured, which flatters late fusion, if anything.
    """
    pieces = [numbers(lab) for numbers in (training_views, unseen_views, probes)]
    train, validation = lab.part == "train", lab.part == "validation"
    member = lab.is_member[validation]
    scores = np.stack(
        [perceptrons(each[train], lab.is_member[train], each[validation]) for each in pieces]
    )
    for name, own in zip(("64 queries", "unseen-views", "probes"), scores, strict=True):
        yield f"{name} alone", own, member
    yield "late fusion of the three", fuse(scores, member).combine(scores), member
    joint = np.concatenate(pieces, axis=1)
    found = perceptrons(joint[train], lab.is_member[train], joint[validation])
    yield "one network for the three", found, member


def networks(lab: Lab) -> Iterator[Row]:
    """The product's networks, three seeds, fitted on train and measured on validation, which chose the epoch."""
    validation = lab.part == "validation"
    for count in (10, 64):
        answers = lab.answers(SHOWN[:count]).astype(np.float32)
        for kind in ("linear", "vanilla", "queries"):
            found = _product(lab, kind, answers)
            yield f"{kind}, {count} queries", found, lab.is_member[validation]


def once(lab: Lab) -> Iterator[Row]:
    """What the notebook recommends, fitted on the training part, measured once on the test part."""
    parts = ("train", "validation", "test")
    whole = replace(lab, cache=lab.cache / "all", parts=parts)
    pieces = [training_views(whole, ENOUGH), unseen_views(whole), probes(whole), lenses(whole)]
    known, test = whole.part == "train", whole.part == "test"
    member = whole.is_member
    yield (
        "scaled logit of the image (loss threshold)",
        whole.answers(SHOWN[:1])[test, 0, 0],
        member[test],
    )
    for count, name in (
        (1, f"{ENOUGH} queries"),
        (4, f"{ENOUGH} queries + unseen-views + probes + lenses"),
    ):
        joint = np.concatenate(pieces[:count], axis=1)
        for learner in (perceptrons, together)[: 1 + (count > 1)]:
            scores = learner(joint[known], member[known], joint[test])
            yield f"{name}, {learner.__name__}", scores, member[test]


TRIALS: dict[str, Callable[[Lab], Iterator[Row]]] = {
    "one-number": one_number,
    "how-many": how_many,
    "which-numbers": which_numbers,
    "added": added,
    "everything": everything,
    "late-or-joint": late_or_joint,
    "networks": networks,
    "once": once,
}


def _tried(lab: Lab, name: str, numbers: np.ndarray, learner: Learner = perceptrons) -> Row:
    member = lab.is_member[lab.open]
    return name, cross_validated(learner, numbers[lab.open], member), member


@dataclass(frozen=True)
class _Rows:
    """Rows in memory, read as a store's are.

    Attributes:
        values: (N, ...) float32.
    """

    values: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape[1:]

    @property
    def specs(self) -> tuple[ArraySpec, ...]:
        return (ArraySpec("output", "signals-label", self.shape, "float32"),)

    def __len__(self) -> int:
        return len(self.values)

    def sequential(self, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield from self._batches(np.arange(len(self)), batch_size)

    def shuffled(
        self, batch_size: int, rng: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield from self._batches(rng.permutation(len(self)), batch_size)

    def _batches(self, order: Sequence[int], size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(order), size):
            positions = np.asarray(order[start : start + size])
            yield positions, self.values[positions]


def _product(lab: Lab, kind: str, answers: np.ndarray) -> np.ndarray:
    sets = {
        part: LabelledSet(_rows(answers[lab.part == part]), lab.is_member[lab.part == part])
        for part in ("train", "validation")
    }
    [fitted] = fit_together(
        [Exercise(kind, sets["train"], sets["validation"])],
        settings=FitSettings(),
        seeds=SEEDS,
        device=torch.device("cpu"),
        on_epoch=lambda *_told: None,
    )
    return score(fitted.network, sets["validation"].activations).mean(axis=1)


def _rows(values: np.ndarray) -> RowSet:
    return _Rows(values)  # type: ignore[return-value]
