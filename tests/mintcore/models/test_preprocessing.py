import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as reference
from torchvision.transforms._presets import ImageClassification

from mintcore.errors import MintError
from mintcore.models.preprocessing import Preprocessing

RGB = Preprocessing((4, 4), (0.5, 0.4, 0.3), (0.1, 0.2, 0.25))
GREY = Preprocessing((1, 3), (0.5,), (0.5,))


def noise(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_resize_pixels__same_size_changes_nothing() -> None:
    pixels = noise(4, 4)
    assert RGB.resize_pixels(pixels).tolist() == pixels.transpose(2, 0, 1).tolist()


def test_resize_pixels__one_channel_is_luminance() -> None:
    # ITU-R 601: 0.299 R + 0.587 G + 0.114 B
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert GREY.resize_pixels(pixels).tolist() == [[[76, 150, 29]]]


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 96), (100, 50), (7, 7)])
def test_resize_pixels__agrees_with_torchvision_away_from_the_crop_edge(
    height: int, width: int
) -> None:
    preprocessing = Preprocessing((16, 16), (0.5,) * 3, (0.5,) * 3)
    pixels = noise(height, width)
    wanted = reference.center_crop(reference.resize(Image.fromarray(pixels), [16]), [16, 16])
    difference = preprocessing.resize_pixels(pixels).permute(1, 2, 0).int() - torch.from_numpy(
        np.array(wanted)
    )
    assert difference[2:-2, 2:-2].abs().max() <= 1


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("height", "width"), [(300, 401), (500, 333), (100, 90), (900, 30)])
def test_resize_pixels__with_resize_is_what_torchvision_evaluates_with(
    height: int, width: int, interpolation: str
) -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    preprocessing = Preprocessing((224, 224), mean, std, 256, interpolation)
    pixels = noise(height, width)

    found = preprocessing.normalise(preprocessing.resize_pixels(pixels)[None])[0]

    wanted = ImageClassification(
        crop_size=224, resize_size=256, interpolation=InterpolationMode(interpolation)
    )
    assert torch.equal(found, wanted(Image.fromarray(pixels)))


def test_resize_pixels__a_needle_is_not_blown_up_by_resize() -> None:
    preprocessing = Preprocessing((32, 32), (0.5,) * 3, (0.5,) * 3, resize=36)
    assert preprocessing.resize_pixels(noise(1, 200_000)).shape == (3, 32, 32)


def test_resize_pixels__blue_first() -> None:
    pixels = np.array([[[1, 2, 3]]], np.uint8)
    preprocessing = Preprocessing((1, 1), (0.5,) * 3, (0.5,) * 3, colours="BGR")
    assert preprocessing.resize_pixels(pixels).flatten().tolist() == [3, 2, 1]


def test_resize_pixels__needle_shaped_image_stays_small() -> None:
    preprocessing = Preprocessing((32, 32), (0.5,) * 3, (0.5,) * 3)
    assert preprocessing.resize_pixels(noise(1, 200_000)).shape == (3, 32, 32)


def test_resize_pixels__oblong_input_size() -> None:
    preprocessing = Preprocessing((112, 96), (0.5,) * 3, (0.5,) * 3)
    assert preprocessing.resize_pixels(noise(250, 250)).shape == (3, 112, 96)


def test_normalise__by_hand() -> None:
    batch = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    wanted = [(0 - 0.5) / 0.1, (0.2 - 0.4) / 0.2, (1 - 0.3) / 0.25]
    assert RGB.normalise(batch).flatten().tolist() == pytest.approx(wanted, abs=1e-6)


def test_normalise__gives_float32() -> None:
    assert RGB.normalise(torch.zeros(2, 3, 4, 4, dtype=torch.uint8)).dtype == torch.float32


@pytest.mark.parametrize(
    "preprocessing", [RGB, GREY, Preprocessing((4, 2), (0.5,) * 3, (1.0,) * 3, 9, "bicubic", "BGR")]
)
def test_to_json__and_back(preprocessing: Preprocessing) -> None:
    assert Preprocessing.from_json(preprocessing.to_json()) == preprocessing


def test_to_json__leaves_out_what_is_as_usual() -> None:
    # fingerprints of models that were registered before there was a choice hang on it
    assert RGB.to_json() == {"size": [4, 4], "mean": [0.5, 0.4, 0.3], "std": [0.1, 0.2, 0.25]}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"resize": 3}, "does not hold a crop"),
        ({"interpolation": "cubic"}, "choose of bilinear"),
        ({"colours": "RGBA"}, "choose RGB or BGR"),
    ],
)
def test_preprocessing__settings_that_cannot_be(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MintError, match=sentence):
        Preprocessing((4, 4), (0.5,) * 3, (0.5,) * 3, **settings)


@pytest.mark.parametrize(
    ("size", "mean", "std"),
    [
        ((0, 4), (0.5,), (0.5,)),
        ((4, 99_999), (0.5,), (0.5,)),
        ((4, 4), (0.5, 0.5), (0.5, 0.5)),
        ((4, 4), (0.5,) * 3, (0.5,)),
        ((4, 4), (0.5,), (0.0,)),
        ((4, 4), (float("nan"),), (0.5,)),
    ],
)
def test_preprocessing__what_cannot_be_is_refused(
    size: tuple[int, int], mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    with pytest.raises(MintError):
        Preprocessing(size, mean, std)


def test_from_json__missing_setting_is_refused() -> None:
    with pytest.raises(MintError, match="give size, mean and std"):
        Preprocessing.from_json({"size": [1, 1]})


def test_preprocessing__and_layers_import_without_torch() -> None:
    code = (
        "import sys, mintcore.models.preprocessing, mintcore.models.layers, "
        "mintcore.datasets.registration; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
