"""Train reference models on random halves of a pool of images: for RMIA, LiRA and blind baselines."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mintcore.cluster.crew import hiring
from mintcore.cluster.places import parse_place
from mintcore.errors import MintError
from mintcore.models.preprocessing import Preprocessing
from mintcore.progress import Reporter, SilentReporter
from mintcore.training.examples import load_examples
from mintcore.training.ground_truth import train_on
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ARCFACE, IDENTITY, TrainingSettings
from store.artefacts import Card, Home


@dataclass(frozen=True)
class ReferenceRequest:
    """Which reference models to train.

    Attributes:
        name: They are called NAME-1 to NAME-COUNT.
        of: Name of the audited model; they get its architecture, preprocessing, precision and
            classes.
        pool: Names of the datasets whose images they are trained on.
        settings: How to train. The seed chooses the halves; each model adds its number to it for its
            weights and order.
        count: How many.
        membership: Only images of this membership; None for all.
        test: Dataset that each one's accuracy is measured on, held out.
    """

    name: str
    of: str
    pool: tuple[str, ...]
    settings: TrainingSettings
    count: int = 4
    membership: str | None = None
    test: str | None = None


def train_references(
    home: Home, request: ReferenceRequest, *, device: str, reporter: Reporter
) -> list[Card]:
    """Train what is missing of some reference models, each on a random half of the pool.

    Two after the other share the pool between them, so that of an even number every image is in
    exactly half (as Carlini et al. 2022, arXiv 2112.03570, have it). More can be added later.

    Args:
        home: The home folder.
        request: Which models.
        device: Where, as ``mintcore.cluster.places`` names it.
        reporter: Told of every batch, and of the figures of each epoch; or of every model that a worker has trained.

    Returns:
        Their cards. The ledger of each says what it saw.

    Raises:
        MintError: As ``ground_truth.train_model``.
    """
    if request.count < 1:
        raise MintError(f"--count is {request.count}: give 1 or more.")
    numbers = range(1, request.count + 1)
    with hiring(parse_place(device), home, reporter) as crew:
        if crew is None:
            training = _Training(home, request)
            return [training.train(number, device, reporter) for number in numbers]
        reporter.stage("Train reference models", request.count)
        cards = []
        for card in crew.in_order(ReferenceTask(home.path.absolute(), request), numbers):
            reporter.advance()
            cards.append(card)
        return cards


class _Training:
    """The trainings of all reference models of a request.

    Args:
        home: The home folder.
        request: Which models.
    """

    def __init__(self, home: Home, request: ReferenceRequest) -> None:
        self._home, self._request = home, request
        self._card = home.card("models", request.of)
        self._settings = _fitted(request.settings, self._card)
        self._examples = load_examples(
            home,
            request.pool,
            request.membership,
            self._settings.learn,
            _class_names(self._card, self._settings),
        )

    def train(self, number: int, device: str, reporter: Reporter) -> Card:
        """Train one model, from 1 on; it goes on where it was stopped before."""
        examples, settings = self._examples, self._settings
        return train_on(
            self._home,
            _training(self._request, self._card, settings, number),
            examples.part(in_half(len(examples), number, settings.seed)),
            _origin(self._request, number),
            device=device,
            reporter=reporter,
        )


@dataclass(frozen=True)
class ReferenceTask:
    """Training reference models, as a worker of a cluster does it: a task of ``mintcore.cluster``.

    Attributes:
        home: The home folder, absolute.
        request: Which models.
    """

    home: Path
    request: ReferenceRequest

    def begin(self, device: str, threads: int) -> "ReferenceDesk":
        """Load the images."""
        return ReferenceDesk(_Training(Home(self.home), self.request), device)


@dataclass(frozen=True)
class ReferenceDesk:
    """A worker's images and device."""

    training: _Training
    device: str

    def make(self, piece: int) -> Card:
        """Train the model of a number."""
        return self.training.train(piece, self.device, SilentReporter())


def in_half(images: int, number: int, seed: int) -> np.ndarray:
    """Choose the half of a pool that one reference model is trained on.

    Args:
        images: Size of the pool.
        number: Of the model, from 1; an even one gets what the one before it did not.
        seed: Seed of the halves.

    Returns:
        (images,) bool.
    """
    pair, second = divmod(number - 1, 2)
    first_half = np.zeros(images, dtype=bool)
    first_half[np.random.default_rng([seed, pair]).permutation(images)[: images // 2]] = True
    return ~first_half if second else first_half


def settings_like(card: Card) -> TrainingSettings:
    """Give the settings that a model was trained with here; usual ones where it was trained elsewhere."""
    if "trained_on" in card:
        return TrainingSettings.of_card(card["trained_on"])
    if card.get("head") == "embedding":
        return TrainingSettings(head=ARCFACE, learn=IDENTITY)
    return TrainingSettings()


def _fitted(settings: TrainingSettings, card: Card) -> TrainingSettings:
    """Give the embedding of a face model the width that it has in the audited model."""
    if settings.head is None:
        return settings
    return replace(settings, embedding=card.get("embedding_size") or card["num_classes"])


def _class_names(card: Card, settings: TrainingSettings) -> list[str] | None:
    if settings.head is not None:
        return None  # an embedding has no classes to agree upon
    names: list[str] | None = card.get("classes") or card.get("trained_on", {}).get("classes")
    return names


def _training(
    request: ReferenceRequest, card: Card, settings: TrainingSettings, number: int
) -> TrainingRequest:
    return TrainingRequest(
        name=f"{request.name}-{number}",
        arch=card["arch"],
        datasets=request.pool,
        preprocessing=Preprocessing.from_json(card["preprocessing"]),
        membership=request.membership,
        settings=replace(settings, seed=settings.seed + number),
        test=request.test,
        autocast=card.get("autocast"),
        allow_code=True,  # the audited model's code was named on the command line by its user
    )


def _origin(request: ReferenceRequest, number: int) -> dict[str, Any]:
    return {"reference": {"of": request.of, "number": number, "halves_seed": request.settings.seed}}
