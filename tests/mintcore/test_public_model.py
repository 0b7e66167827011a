"""The main job on a public ResNet-56 that others trained, and the images it was really trained on."""

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mintcore.cli import main

DATA = Path(__file__).parents[3] / "shared" / "data"
WEIGHTS = DATA / "weights" / "cifar10_resnet56_akamaster.safetensors"
IMAGES, AUDITED = 600, 200

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not WEIGHTS.is_file(), reason=f"needs the public weights in {DATA}"),
]


def mint(home: Path, *words: str) -> Any:
    """Run a command here: a process of its own would load PyTorch for each."""
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(io.StringIO()) as printed:
        patched.setattr(sys, "argv", ["mint", *words, "--home", str(home), "--json"])
        with pytest.raises(SystemExit) as leaving:
            main()
    assert leaving.value.code in (0, None)
    return json.loads(printed.getvalue())


def tiles(name: str) -> np.ndarray:
    """The first 800 images of a mosaic of 100 x 100 tiles."""
    strip = Image.open(DATA / "cifar10" / name).convert("RGB").crop((0, 0, 3200, 32 * 8))
    grid = np.asarray(strip).reshape(8, 32, 100, 32, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(-1, 32, 32, 3)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public")
    split = np.array(["train"] * IMAGES + ["audited"] * AUDITED + ["test"] * IMAGES)
    images = np.concatenate([tiles("train_1.webp"), tiles("test.webp")[:IMAGES]])
    np.savez(folder / "cifar.npz", images=images, split=split)
    home = folder / "home"
    words = "model add resnet56 --arch mintcore:resnet56-cifar --size 32"
    normalisation = ("--mean", ".485,.456,.406", "--std", ".229,.224,.225")
    mint(home, *words.split(), "--weights", str(WEIGHTS), *normalisation)
    for name, membership in (("train", "member"), ("test", "external"), ("audited", "unknown")):
        words = f"dataset add cifar-{name} --membership {membership} --where split={name}"
        mint(home, *words.split(), "--from", f"arrays:{folder / 'cifar.npz'}")
    return home


def test_main_job__runs_on_a_model_and_images_that_others_made(home: Path) -> None:
    words = "sweep resnet56 --members cifar-train --external cifar-test --kinds vanilla,cnn"
    rows = mint(home, *words.split(), "--layers", "layer3.8,output", "--seeds", "1")
    assert [(row["layer"], row["kind"]) for row in rows] == [
        ("layer3.8", "vanilla"),
        ("layer3.8", "cnn"),
        ("output", "vanilla"),
    ]
    # a few hundred images cannot show what this model leaks: the tier must not be bold
    assert {row["tier"] for row in rows} <= {"no evidence", "weak", "moderate"}
    audited = mint(home, "audit", "dataset", rows[0]["auditor"], "cifar-audited")
    assert (audited["n_audited"], audited["n_excluded"]) == (AUDITED, 0)
    assert audited["tier"] in ("no evidence", "weak", "moderate")


def test_extract__what_the_sweep_computed_is_reused(home: Path) -> None:
    summary = mint(home, "extract", "resnet56", "cifar-train", "--layers", "layer3.8")
    assert (summary["computed"], summary["reused"]) == (0, IMAGES)
