import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms.v2 import functional

from mintcore.training.augmentation import augment

IMAGES = torch.arange(400 * 3 * 16 * 8, dtype=torch.int64).reshape(400, 3, 16, 8).remainder(251)
PIXELS = IMAGES.to(torch.uint8)


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def equal(one: Tensor, other: Tensor) -> Tensor:
    return (one == other).flatten(1).all(1)


def test_augment__none_changes_nothing() -> None:
    assert augment(PIXELS, "none", draws()) is PIXELS


def test_augment__flip_mirrors_every_other_image() -> None:
    shown = augment(PIXELS, "flip", draws())
    kept, mirrored = equal(shown, PIXELS), equal(shown, PIXELS.flip(3))
    assert (kept | mirrored).all()
    assert 150 < int(mirrored.sum()) < 250


def test_augment__crops_are_those_of_torchvision_after_a_black_border() -> None:
    shown = augment(PIXELS, "crop-flip", draws())
    padded = functional.pad(PIXELS, [1, 2])  # an eighth of 8 columns and of 16 rows
    places = [(top, left) for top in range(5) for left in range(3)]
    crops = [functional.crop(padded, top, left, 16, 8) for top, left in places]
    found = torch.stack(
        [equal(shown, crop) | equal(shown, functional.horizontal_flip(crop)) for crop in crops]
    )
    assert found.any(0).all()
    assert found.any(1).all()


@pytest.mark.parametrize("how", ["flip", "crop-flip"])
def test_augment__keeps_shape_and_type(how: str) -> None:
    shown = augment(PIXELS, how, draws())
    assert (shown.shape, shown.dtype) == (PIXELS.shape, torch.uint8)


@given(seed=st.integers(0, 2**32), side=st.integers(1, 20))
def test_augment__hangs_on_the_seed_alone(seed: int, side: int) -> None:
    pixels = PIXELS[:9, :, :side, :side]
    one, other = (augment(pixels, "crop-flip", draws(seed)) for _ in range(2))
    assert torch.equal(one, other)
