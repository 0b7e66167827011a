"""Make a ground-truth audited model: train it on registered images, record which, and register it."""

from collections.abc import Mapping
from typing import Any

from mintcore.datasets.reading import dataset_card
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.progress import Reporter
from mintcore.training.accuracy import load_held_out
from mintcore.training.examples import Examples, load_examples, with_label_noise
from mintcore.training.requests import TrainingRequest
from mintcore.training.run import Task, run_training
from mintcore.training.settings import value_of
from store.artefacts import Card, Home


def train_model(home: Home, request: TrainingRequest, *, device: str, reporter: Reporter) -> Card:
    """Train a model and register it, with the ledger of what it saw.

    A training that was stopped goes on after its last whole epoch. On a CPU the result is the same,
    bit by bit, however often it was stopped.

    Args:
        home: The home folder.
        request: Which model, on what.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of every batch, and of the figures of each epoch.

    Returns:
        The card; the existing one where the same model was trained under this name before.

    Raises:
        MintError: A name is unknown, an image has no class, architecture and images do not fit, the
            loss is not finite, or the name belongs to another model.
    """
    examples = load_examples(home, request.datasets, request.membership, request.settings.learn)
    return train_on(home, request, examples, {}, device=device, reporter=reporter)


def train_on(
    home: Home,
    request: TrainingRequest,
    examples: Examples,
    origin: Mapping[str, Any],
    *,
    device: str,
    reporter: Reporter,
) -> Card:
    """Train a model on chosen images; otherwise as ``train_model``.

    Args:
        home: The home folder.
        request: Which model; its datasets are those that the images were chosen from.
        examples: The images.
        origin: More fields for ``trained_on`` of the card: how they were chosen.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: As ``train_model`` has it.
    """
    noisy = with_label_noise(examples, request.settings.label_noise, request.settings.seed)
    wrong_labels = int((noisy.classes != examples.classes).sum())
    made_from = _made_from(home, request, noisy) | {"wrong_labels": wrong_labels, **origin}
    if home.has("models", request.name):
        return _same_training(home, request, made_from, reporter)
    _refuse_too_few(len(noisy), request.settings.batch_size)
    held_out = (
        load_held_out(home, request.test, noisy, request.settings.learn) if request.test else None
    )
    task = Task(request, noisy, made_from, held_out)
    return run_training(home, task, device=choose_device(device), reporter=reporter)


def _made_from(home: Home, request: TrainingRequest, examples: Examples) -> dict[str, Any]:
    datasets = [dataset_card(home, name) for name in request.datasets]
    known_as = (
        {"classes": examples.class_names}
        if request.settings.head is None
        else {"identities": len(examples.class_names)}
    )
    return {
        "datasets": [card["id"] for card in datasets],
        "fingerprints": [card["fingerprint"] for card in datasets],
        "membership": request.membership,
        "images": len(examples),
        **known_as,
        **request.settings.to_json(),
    }


def _same_training(
    home: Home, request: TrainingRequest, made_from: Mapping[str, Any], reporter: Reporter
) -> Card:
    card = home.card("models", request.name)
    known = card.get("trained_on", {})
    asked = (request.arch, request.preprocessing.to_json(), request.autocast)
    same = (card["arch"], card["preprocessing"], card.get("autocast")) == asked
    if not same or any(value_of(known, name) != value for name, value in made_from.items()):
        raise MintError(
            f"A model {card['id']!r} exists that was trained otherwise: choose another name or another home folder."
        )
    reporter.log(f"{card['id']}: trained before with the same images and settings")
    if request.test and known.get("test", {}).get("dataset") != request.test:
        reporter.log(
            f"{card['id']}: was trained without --test {request.test}, and a card does not change"
        )
    return card


def _refuse_too_few(count: int, batch_size: int) -> None:
    if count < 2:
        raise MintError(f"{count} images are left to train on: give more.")
    if count < batch_size:
        raise MintError(
            f"{count} images do not fill one batch of {batch_size}: give more images, or --batch-size {count} or less."
        )
