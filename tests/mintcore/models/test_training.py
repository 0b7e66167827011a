from pathlib import Path

import numpy as np
import pytest

from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import load_model
from mintcore.models.training import TrainingSettings, accuracy_on, train_classifier
from mintcore.progress import SilentReporter
from store.artefacts import Card, Home

GREY = Preprocessing(size=(28, 28), mean=(0.3,), std=(0.35,))
SETTINGS = TrainingSettings(epochs=2)


def train(home: Home, name: str = "trained", **settings: object) -> Card:
    return train_classifier(
        home,
        name,
        "mintcore:object-cnn-small",
        datasets=("members",),
        membership="member",
        preprocessing=GREY,
        settings=TrainingSettings(**({"epochs": 2} | settings)),  # type: ignore[arg-type]
        device="cpu",
        reporter=SilentReporter(),
    )


def test_train_classifier__learns(digits_home: Home) -> None:
    card = train(digits_home, epochs=5)
    model = load_model(digits_home, card["id"])
    assert accuracy_on(digits_home, model, "external", card["trained_on"]["classes"]) > 0.9


def test_train_classifier__records_what_it_saw(digits_home: Home) -> None:
    trained_on = train(digits_home, label_noise=0.3)["trained_on"]
    assert trained_on["datasets"] == ["members"]
    assert trained_on["images"] == 500
    assert trained_on["wrong_labels"] == 150
    assert trained_on["epochs"] == 2


def test_train_classifier__is_reproducible(digits_home: Home) -> None:
    assert train(digits_home, "one")["fingerprint"] == train(digits_home, "two")["fingerprint"]


def test_train_classifier__the_same_training_is_reused_and_another_refused(
    digits_home: Home,
) -> None:
    first = train(digits_home)
    assert train(digits_home) == first
    with pytest.raises(MintError, match="was trained otherwise"):
        train(digits_home, label_noise=0.1)


def test_train_classifier__images_without_labels_are_refused(
    digits_home: Home, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 28, 28), np.uint8)
    np.savez(tmp_path / "noise.npz", images=noise)
    add_dataset(digits_home, "noise", f"arrays:{tmp_path / 'noise.npz'}", "member")
    with pytest.raises(MintError, match="needs a label for every image"):
        train_classifier(
            digits_home,
            "n",
            "mintcore:object-cnn-small",
            datasets=("noise",),
            membership="member",
            preprocessing=GREY,
            settings=SETTINGS,
            device="cpu",
            reporter=SilentReporter(),
        )
