"""The trainings of these tests: digits of 8 x 8 pixels, small enough to train on within a second."""

import numpy as np

from mintcore.datasets.registration import add_dataset
from mintcore.models.preprocessing import Preprocessing
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ADAMW, TrainingSettings
from store.artefacts import Home

GREY = Preprocessing(size=(8, 8), mean=(0.3,), std=(0.35,))
SHORT = TrainingSettings(
    epochs=2, batch_size=64, learning_rate=4e-3, optimiser=ADAMW, weight_decay=0.0
)


def request(
    name: str = "net", settings: TrainingSettings = SHORT, **more: object
) -> TrainingRequest:
    """Ask for the object classifier, trained on the dataset members."""
    given = {"datasets": ("members",), "arch": "mintcore:object-cnn-small"} | more
    return TrainingRequest(name, preprocessing=GREY, settings=settings, **given)  # type: ignore[arg-type]


def add_images(home: Home, name: str, membership: str, **arrays: np.ndarray) -> None:
    """Register images with their columns."""
    folder = home.path.parent / "arrays"
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", **arrays)  # type: ignore[arg-type]
    add_dataset(home, name, f"arrays:{folder / name}.npz", membership)
