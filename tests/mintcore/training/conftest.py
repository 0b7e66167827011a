"""Scikit-learn's handwritten digits as two datasets."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from small_trainings import add_images

from store.artefacts import Home

CUTS = {"members": slice(0, 300), "external": slice(300, 600)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Datasets members and external, 300 digits each with a label and an identity."""
    loaded = load_digits()
    images = np.round(loaded.images * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(images))
    home = Home(tmp_path / "home")
    for name, cut in CUTS.items():
        chosen = order[cut]
        labels = loaded.target[chosen].astype(str)
        people = np.char.add("person ", labels)
        membership = "member" if name == "members" else "external"
        add_images(home, name, membership, images=images[chosen], label=labels, identity=people)
    return home
