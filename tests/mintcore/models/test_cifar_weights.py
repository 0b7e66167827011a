"""Published weights on the images they were trained for; the figures are those of their authors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mintcore.models.audited import AuditedModel
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model, load_model
from mintcore.models.taps import tap
from store.artefacts import Home

DATA = Path(__file__).parents[4] / "shared" / "data"
PREPROCESSING = Preprocessing((32, 32), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
TILES = 100
SIDE_PX = 32

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside the repository"),
]


def first_test_images(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    mosaic = Image.open(DATA / "cifar10" / "test.webp").convert("RGB")
    rows = count // TILES
    strip = np.asarray(mosaic.crop((0, 0, TILES * SIDE_PX, rows * SIDE_PX)))
    grid = strip.reshape(rows, SIDE_PX, TILES, SIDE_PX, 3).transpose(0, 2, 1, 3, 4)
    tiles = grid.reshape(-1, SIDE_PX, SIDE_PX, 3)
    labels = np.load(DATA / "cifar10" / "labels.npz")["test"][:count]
    pixels = torch.stack([PREPROCESSING.resize_pixels(tile) for tile in tiles])
    return pixels, torch.from_numpy(labels.astype(np.int64))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    for depth in (20, 56):
        file = DATA / "weights" / f"cifar10_resnet{depth}_akamaster.safetensors"
        add_model(home, f"r{depth}", f"mintcore:resnet{depth}-cifar", file, PREPROCESSING)
    return home


@pytest.fixture(scope="module")
def resnet56(home: Home) -> AuditedModel:
    return load_model(home, "r56")


@pytest.mark.parametrize(("name", "parameters"), [("r20", 269_722), ("r56", 853_018)])
def test_published_weights__load_strictly(home: Home, name: str, parameters: int) -> None:
    card = home.card("models", name)
    assert (card["parameters"], card["num_classes"]) == (parameters, 10)


def test_published_weights__classify_test_images(resnet56: AuditedModel) -> None:
    pixels, labels = first_test_images(500)
    logits = tap(resnet56, PREPROCESSING.normalise(pixels), ["output"])["output"]
    # 93.39 % over all 10,000; 500 images have a standard error of 1.1 points.
    assert (logits.argmax(1) == labels).float().mean() > 0.90


def test_published_weights__blocks_tap_to_the_same_logits(resnet56: AuditedModel) -> None:
    pixels, _ = first_test_images(100)
    batch = PREPROCESSING.normalise(pixels[:8])
    tapped = tap(resnet56, batch, ["layer3.8", "avgpool", "output"])
    assert torch.allclose(tapped["layer3.8"].mean((2, 3)), tapped["avgpool"], atol=1e-5)
    assert tapped["layer3.8"].min() >= 0
