"""Scikit-learn's handwritten digits: an audited model that learnt half of them by heart, and reference models."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learnt_digits import ARCH, CUTS, GREY, LEARNT
from sklearn.datasets import load_digits

from mintcore.datasets.registration import add_dataset
from mintcore.progress import SilentReporter
from mintcore.training.ground_truth import train_model
from mintcore.training.references import ReferenceRequest, train_references
from mintcore.training.requests import TrainingRequest
from store.artefacts import Home


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    home = Home(folder / "home")
    loaded = load_digits()
    images = np.round(loaded.images * (255 / 16)).astype(np.uint8)
    noise = np.random.default_rng(1).integers(0, 120, images.shape)
    images = np.clip(images + noise, 0, 255).astype(np.uint8)  # hard enough to be learnt by heart
    order = np.random.default_rng(0).permutation(len(images))
    for name, cut in CUTS.items():
        file = folder / f"{name}.npz"
        np.savez(file, images=images[order][cut], label=loaded.target[order][cut].astype(str))
        add_dataset(home, name, f"arrays:{file}", "member" if name == "members" else "external")
    wanted = TrainingRequest("net", ARCH, ("members",), GREY, settings=LEARNT)
    train_model(home, wanted, device="cpu", reporter=SilentReporter())
    references = {"both": (("members", "external"), None, 2), "far": (("external",), "external", 2)}
    for name, (pool, membership, count) in references.items():
        asked = ReferenceRequest(
            name, "net", pool, replace(LEARNT, seed=7, epochs=6), count, membership
        )
        train_references(home, asked, device="cpu", reporter=SilentReporter())
    return home.path


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Home:
    """Datasets members and external (300 each), the model net of all members, and reference models.

    both-1 and both-2 are trained on halves of all images, far-1 and far-2 on halves of the externals.
    """
    shutil.copytree(trained, tmp_path / "home")
    return Home(tmp_path / "home")
