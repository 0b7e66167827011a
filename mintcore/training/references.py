"""Train reference models on random halves of a pool of images: for RMIA, LiRA and blind baselines."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mintcore.errors import MintError
from mintcore.models.preprocessing import Preprocessing
from mintcore.progress import Reporter
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
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of every batch, and of the figures of each epoch.

    Returns:
        Their cards. The ledger of each says what it saw.

    Raises:
        MintError: As ``ground_truth.train_model``.
    """
    if request.count < 1:
        raise MintError(f"--count is {request.count}: give 1 or more.")
    card = home.card("models", request.of)
    settings = _fitted(request.settings, card)
    examples = load_examples(
        home, request.pool, request.membership, settings.learn, _class_names(card, settings)
    )
    return [
        train_on(
            home,
            _training(request, card, settings, number),
            examples.part(in_half(len(examples), number, settings.seed)),
            _origin(request, number),
            device=device,
            reporter=reporter,
        )
        for number in range(1, request.count + 1)
    ]


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
