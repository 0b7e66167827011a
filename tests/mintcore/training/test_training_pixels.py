from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.models.preprocessing import Preprocessing
from mintcore.progress import SilentReporter
from mintcore.training.examples import Examples, load_examples
from mintcore.training.pixels import DecodedPixels, KeptPixels, open_pixels
from store.artefacts import Home

RGB = Preprocessing((16, 16), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
CPU = torch.device("cpu")
POSITIONS = [torch.tensor([3, 1]), torch.tensor([0]), torch.tensor([4, 4, 2])]


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """Five images of 20 x 20 in files, of two classes."""
    rng = np.random.default_rng(0)
    for number in range(5):
        folder = tmp_path / "images" / f"class {number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (20, 20, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    home = Home(tmp_path / "home")
    add_dataset(home, "five", f"folder:{tmp_path / 'images'}", "member")
    return load_examples(home, ["five"], "member", "label")


def test_open_pixels__kept_where_they_fit(examples: Examples) -> None:
    all_bytes = 5 * 3 * 16 * 16
    fits = open_pixels(examples, RGB, CPU, SilentReporter(), kept_bytes=all_bytes)
    too_many = open_pixels(examples, RGB, CPU, SilentReporter(), kept_bytes=all_bytes - 1)
    assert isinstance(fits, KeptPixels)
    assert isinstance(too_many, DecodedPixels)


def test_pixels__kept_and_decoded_are_the_same(examples: Examples) -> None:
    kept = list(KeptPixels(examples, RGB, CPU, SilentReporter()).batches(POSITIONS))
    decoded = list(DecodedPixels(examples, RGB, CPU).batches(POSITIONS))
    assert [batch.shape for batch in kept] == [(2, 3, 16, 16), (1, 3, 16, 16), (3, 3, 16, 16)]
    assert all(torch.equal(*pair) for pair in zip(kept, decoded, strict=True))


def test_pixels__are_the_images_as_preprocessed(examples: Examples) -> None:
    (batch,) = DecodedPixels(examples, RGB, CPU).batches([torch.tensor([2])])
    image = np.asarray(Image.open(examples.uris[2].as_py()))
    assert torch.equal(batch[0], RGB.resize_pixels(image))


def test_pixels__can_be_left_midway(examples: Examples) -> None:
    batches = DecodedPixels(examples, RGB, CPU).batches([torch.tensor([0])] * 1000)
    assert next(batches).shape == (1, 3, 16, 16)
    batches.close()  # type: ignore[attr-defined]


def test_pixels__another_image_in_the_place_is_refused(examples: Examples) -> None:
    Image.new("RGB", (20, 20)).save(examples.uris[1].as_py())
    with pytest.raises(MintError, match="is not the image that was registered"):
        list(DecodedPixels(examples, RGB, CPU).batches(POSITIONS))
