"""A small home folder of real images: scikit-learn's 1,797 handwritten digits, and a network that saw none of them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from mintcore.datasets.registration import add_dataset
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from mintcore.sweep import SweepRequest, sweep
from store.artefacts import Home

GREY = Preprocessing(size=(28, 28), mean=(0.3,), std=(0.35,))
SWEEP = SweepRequest("net", "members", "external", layers="block2,output", map_side=4, seeds=1)
CUTS = {"members": slice(0, 500), "external": slice(500, 1000), "mixed": slice(400, 600)}


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Digits as (1797, 28, 28) uint8 and their labels."""
    loaded = load_digits()
    small = np.round(loaded.images * (255 / 16)).astype(np.uint8)
    images = [np.asarray(Image.fromarray(image).resize((28, 28))) for image in small]
    return np.stack(images), loaded.target


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    home = Home(folder / "home")
    images, labels = digits()
    order = np.random.default_rng(0).permutation(len(images))
    for name, cut in CUTS.items():
        file = folder / f"{name}.npz"
        np.savez(file, images=images[order][cut], label=labels[order][cut].astype(str))
        membership = {"members": "member", "external": "external"}.get(name, "unknown")
        add_dataset(home, name, f"arrays:{file}", membership)
    add_model(home, "net", "mintcore:object-cnn-small", None, GREY, num_classes=10)
    sweep(home, SWEEP, device="cpu", reporter=SilentReporter())
    return home.path


@pytest.fixture
def digits_home(prepared: Path, tmp_path: Path) -> Home:
    """Datasets members, external and mixed (100 of each), the untrained model net, and its auditors."""
    shutil.copytree(prepared, tmp_path / "home")
    return Home(tmp_path / "home")
