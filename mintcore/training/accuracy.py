"""How often a model names the class of images that it was not trained on."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow.compute as pc
import torch
from torch import Tensor

from mintcore.datasets.reading import dataset_card
from mintcore.errors import MintError
from mintcore.evaluation.intervals import clopper_pearson
from mintcore.models.audited import AuditedModel
from mintcore.models.preprocessing import Preprocessing
from mintcore.training.examples import Examples, known_examples
from mintcore.training.pixels import DecodedPixels
from mintcore.training.settings import LABEL
from store.artefacts import Home

SCORING_BATCH = 256


@dataclass(frozen=True)
class Accuracy:
    """What was measured on a dataset.

    Attributes:
        dataset: Its name.
        fingerprint: Its fingerprint.
        images: Images of a class that the model was trained on; only these count.
        right: How many of them got it.
        accuracy: Their share.
        accuracy_ci: Its exact 95% interval (Clopper and Pearson 1934).
    """

    dataset: str
    fingerprint: str
    images: int
    right: int
    accuracy: float
    accuracy_ci: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """Give the figures as JSON values."""
        return {**asdict(self), "accuracy_ci": list(self.accuracy_ci)}


@dataclass(frozen=True)
class HeldOut:
    """Images to measure on, none of which the model is trained on.

    Attributes:
        dataset: Name of their dataset.
        fingerprint: Its fingerprint.
        examples: The images of a class that the model is trained on.
    """

    dataset: str
    fingerprint: str
    examples: Examples


def load_held_out(home: Home, dataset: str, trained: Examples, column: str) -> HeldOut:
    """Take the images of a dataset that a model's accuracy is to be measured on.

    Args:
        home: The home folder.
        dataset: Name of the dataset.
        trained: What the model is trained on.
        column: "label" or "identity": what it learns.

    Raises:
        MintError: The model is trained on some of the images, or on no class of any.
    """
    held_out = _held_out(home, dataset, column, trained.class_names)
    ids = held_out.examples.sample_ids
    shared = ids.filter(pc.is_in(ids, value_set=trained.sample_ids))
    if len(shared):
        raise MintError(
            f"{len(shared)} images of {dataset} are among those to train on (for example {shared[0].as_py()}): "
            "give --test a dataset that is held out."
        )
    return held_out


def measure_accuracy(
    held_out: HeldOut,
    classify: Callable[[Tensor], Tensor],
    preprocessing: Preprocessing,
    device: torch.device,
) -> Accuracy:
    """Measure the accuracy on held-out images.

    Args:
        held_out: The images.
        classify: Maps preprocessed images (N, C, H, W) on the device to logits (N, K).
        preprocessing: Of the model.
        device: Where the model is.
    """
    examples = held_out.examples
    pixels = DecodedPixels(examples, preprocessing, device)
    positions = torch.arange(len(examples)).split(SCORING_BATCH)
    right = 0
    with torch.inference_mode():
        for chosen, batch in zip(positions, pixels.batches(positions), strict=True):
            named = classify(preprocessing.normalise(batch)).argmax(1).cpu()
            right += int((named == torch.from_numpy(examples.classes)[chosen]).sum())
    return Accuracy(
        dataset=held_out.dataset,
        fingerprint=held_out.fingerprint,
        images=len(examples),
        right=right,
        accuracy=right / len(examples),
        accuracy_ci=clopper_pearson(right, len(examples)),
    )


def accuracy_on(
    home: Home, model: AuditedModel, dataset: str, class_names: Sequence[str]
) -> Accuracy:
    """Measure how often a registered classifier names the label of a dataset's images.

    Args:
        home: The home folder.
        model: The classifier.
        dataset: Name of the dataset.
        class_names: The label that each output of the classifier stands for.

    Raises:
        MintError: No image has one of these labels.
    """
    held_out = _held_out(home, dataset, LABEL, class_names)
    return measure_accuracy(held_out, model.module, model.preprocessing, model.device)


def _held_out(home: Home, dataset: str, column: str, class_names: Sequence[str]) -> HeldOut:
    fingerprint = dataset_card(home, dataset)["fingerprint"]
    return HeldOut(dataset, fingerprint, known_examples(home, dataset, column, list(class_names)))
