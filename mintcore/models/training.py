"""Train a classifier on registered images, recording exactly which it saw."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mintcore.datasets.reading import dataset_card, read_pixels, samples
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.models.architectures import build
from mintcore.models.audited import AuditedModel
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import register_module
from mintcore.progress import Reporter
from store.artefacts import Card, Home

SCORING_BATCH = 256


@dataclass(frozen=True)
class TrainingSettings:
    """How a classifier is trained.

    Attributes:
        epochs: Passes over the images.
        batch_size: Images a step.
        learning_rate: Peak of the one-cycle schedule of AdamW.
        dropout: Rate of the architecture's dropout layers.
        label_noise: Share of images that get a wrong label, at random; what makes a model memorise.
        seed: Seed of weights, order and label noise.
    """

    epochs: int = 25
    batch_size: int = 64
    learning_rate: float = 4e-3
    dropout: float = 0.0
    label_noise: float = 0.0
    seed: int = 0


class _Images(Dataset[tuple[torch.Tensor, int]]):
    """Registered images with the class each is trained as; pixels are read when asked for."""

    def __init__(
        self, uris: Sequence[str], classes: np.ndarray, preprocessing: Preprocessing
    ) -> None:
        self._uris, self._classes, self._preprocessing = uris, classes, preprocessing

    def __len__(self) -> int:
        return len(self._uris)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        pixels = self._preprocessing.resize_pixels(read_pixels(self._uris[index]))
        return pixels, int(self._classes[index])


def train_classifier(
    home: Home,
    name: str,
    arch: str,
    *,
    datasets: Sequence[str],
    membership: str,
    preprocessing: Preprocessing,
    settings: TrainingSettings,
    device: str,
    reporter: Reporter,
) -> Card:
    """Train a classifier on the images of some datasets that have a membership and a label, and register it.

    Args:
        home: The home folder.
        name: Name of the new model.
        arch: An architecture by name.
        datasets: Names of the datasets.
        membership: Which images: "member" for an audited model, "external" for a reference model.
        preprocessing: Of the new model.
        settings: How to train.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of every batch.

    Raises:
        MintError: A name is unknown, or an image has no label.
    """
    table = pa.concat_tables(
        [samples(home, dataset, membership=membership) for dataset in datasets]
    )
    labels, class_names = _classes(table, datasets)
    trained_as = _with_noise(labels, len(class_names), settings)
    trained_on: dict[str, Any] = {
        "datasets": list(datasets),
        "fingerprints": [dataset_card(home, dataset)["fingerprint"] for dataset in datasets],
        "membership": membership,
        "images": len(labels),
        "classes": class_names,
        "wrong_labels": int((trained_as != labels).sum()),
        **asdict(settings),
    }
    if home.has("models", name):
        return _same_training(home.card("models", name), arch, trained_on)
    images = _Images(table.column("uri").to_pylist(), trained_as, preprocessing)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = build(arch, num_classes=len(class_names), in_channels=preprocessing.channels)
        reporter.stage(f"Train the classifier {name}", settings.epochs * len(images))
        accuracy = _train(
            network.to(choose_device(device)), images, preprocessing, settings, reporter
        )
    trained_on["train_accuracy"] = accuracy
    return register_module(home, name, arch, network.cpu(), preprocessing, trained_on=trained_on)


def _same_training(card: Card, arch: str, trained_on: dict[str, Any]) -> Card:
    known = card.get("trained_on", {})
    same = all(known.get(key) == value for key, value in trained_on.items())
    if card["arch"] != arch or not same:
        raise MintError(
            f"A model {card['id']!r} exists that was trained otherwise: choose another name or another home folder."
        )
    return card


def accuracy_on(home: Home, model: AuditedModel, dataset: str, class_names: Sequence[str]) -> float:
    """Share of a dataset's images whose label a classifier predicts.

    Args:
        home: The home folder.
        model: The classifier.
        dataset: Name of the dataset.
        class_names: The label that each output of the classifier stands for.
    """
    table = samples(home, dataset)
    index = {label: position for position, label in enumerate(class_names)}
    classes = np.array([index.get(label, -1) for label in table.column("label").to_pylist()])
    images = _Images(table.column("uri").to_pylist(), classes, model.preprocessing)
    right = 0
    with torch.inference_mode():
        for pixels, expected in DataLoader(images, batch_size=SCORING_BATCH):
            logits = model.module(model.preprocessing.normalise(pixels.to(model.device)))
            right += int((logits.argmax(1).cpu() == expected).sum())
    return right / len(images)


def _classes(table: pa.Table, datasets: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    labels = table.column("label").to_pylist()
    if not labels or None in labels:
        raise MintError(
            f"A classifier needs a label for every image, and {', '.join(datasets)} lacks some: register the dataset "
            "with a label column."
        )
    names = sorted(set(labels))
    index = {label: position for position, label in enumerate(names)}
    return np.array([index[label] for label in labels]), names


def _with_noise(labels: np.ndarray, n_classes: int, settings: TrainingSettings) -> np.ndarray:
    rng = np.random.default_rng(settings.seed)
    wrong = rng.permutation(len(labels))[: round(settings.label_noise * len(labels))]
    noisy = labels.copy()
    noisy[wrong] = (labels[wrong] + rng.integers(1, n_classes, len(wrong))) % n_classes
    return noisy


def _train(
    network: nn.Module,
    images: _Images,
    preprocessing: Preprocessing,
    settings: TrainingSettings,
    reporter: Reporter,
) -> float:
    """Train in place; returns the accuracy of the last epoch on what it was trained as, before each step."""
    device = next(network.parameters()).device
    loader = DataLoader(images, batch_size=settings.batch_size, shuffle=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.epochs * len(loader)
    )
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = settings.dropout
    right = 0
    network.train()
    for _ in range(settings.epochs):
        right = 0
        for pixels, expected in loader:
            targets = expected.to(device)
            logits = network(preprocessing.normalise(pixels.to(device)))
            loss = nn.functional.cross_entropy(logits, targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            right += int((logits.argmax(1) == targets).sum())
            reporter.advance(len(targets))
    return right / len(images)
