"""How a model is trained. Needs no torch."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mintcore.errors import MintError

NONE, FLIP, CROP_FLIP = "none", "flip", "crop-flip"
AUGMENTATIONS = (NONE, FLIP, CROP_FLIP)
SGD, ADAMW = "sgd", "adamw"
OPTIMISERS = (SGD, ADAMW)
SOFTMAX, ARCFACE = "softmax", "arcface"
HEADS = (SOFTMAX, ARCFACE)
LABEL, IDENTITY = "label", "identity"
CLASSES = (LABEL, IDENTITY)

# what cards say nothing of that were written before there was a choice
_BEFORE: Mapping[str, Any] = {
    "optimiser": ADAMW,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "augment": NONE,
    "head": None,
    "embedding": None,
    "learn": LABEL,
}


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained. Checked when made.

    Attributes:
        epochs: Passes over the images.
        batch_size: Images a step.
        learning_rate: Peak of the one-cycle schedule.
        optimiser: "sgd" (momentum, Nesterov) or "adamw".
        weight_decay: Of the optimiser, on all weights.
        dropout: Rate of the architecture's dropout layers; None leaves each as it is built.
        label_noise: Share of images that get a wrong label, at random; makes a model memorise.
        label_smoothing: Share of the target spread over all classes.
        augment: "none", "flip" (left to right, every other time) or "crop-flip" (also a crop, after
            a black border of an eighth of each side).
        head: None for a classifier, whose own output has one number a class; "softmax" or "arcface"
            for a face model, whose output is an embedding with a head on it while it is trained.
        embedding: Width of the embedding where the architecture leaves it open.
        learn: Which column says what an image is trained as, "label" or "identity".
        seed: Seed of weights, order, augmentation and label noise.
    """

    epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 0.1
    optimiser: str = SGD
    weight_decay: float = 5e-4
    dropout: float | None = None
    label_noise: float = 0.0
    label_smoothing: float = 0.0
    augment: str = NONE
    head: str | None = None
    embedding: int | None = None
    learn: str = LABEL
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            _require(name, getattr(self, name), least=1, most=math.inf)
        _require("seed", self.seed, least=0, most=2**63 - 1)
        for name in ("label_noise", "label_smoothing", "dropout"):
            _require(name, getattr(self, name) or 0.0, least=0, most=1)
        if not 0 < self.learning_rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise MintError(
                f"A learning rate of {self.learning_rate} and a weight decay of {self.weight_decay} "
                "cannot be: give a rate above 0 and a decay of 0 or more."
            )
        _choose("optimiser", self.optimiser, OPTIMISERS)
        _choose("augmentation", self.augment, AUGMENTATIONS)
        _choose("column to learn", self.learn, CLASSES)
        if self.head is not None:
            _choose("head", self.head, HEADS)
        if self.embedding is not None:
            _require("embedding", self.embedding, least=1, most=math.inf)
            if self.head is None:
                raise MintError(
                    f"--embedding {self.embedding} needs a --head: {' or '.join(HEADS)}."
                )

    def to_json(self) -> dict[str, Any]:
        """Give the settings as JSON values."""
        return asdict(self)

    @classmethod
    def of_card(cls, trained_on: Mapping[str, Any]) -> "TrainingSettings":
        """Read the settings off ``trained_on`` of a card, also of one that an earlier version wrote."""
        return cls(**{name: value_of(trained_on, name) for name in cls.__dataclass_fields__})


def value_of(trained_on: Mapping[str, Any], name: str) -> Any:
    """Give what a card says of a training; what it does not mention was as it used to be."""
    return trained_on.get(name, _BEFORE.get(name))


def _require(name: str, value: float, *, least: float, most: float) -> None:
    if not least <= value <= most:
        bounds = f"{least} or more" if most == math.inf else f"{least} to {most}"
        raise MintError(f"--{name.replace('_', '-')} is {value}, but can be {bounds} only.")


def _choose(what: str, value: str, among: tuple[str, ...]) -> None:
    if value not in among:
        raise MintError(f"There is no {what} {value!r}: choose of {', '.join(among)}.")
