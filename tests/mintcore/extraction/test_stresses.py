import pytest
import torch

from mintcore.extraction.stresses import STRESSES, stress


def picture(height: int = 32, width: int = 32, channels: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(
        0, 256, (2, channels, height, width), dtype=torch.uint8, generator=generator
    )


@pytest.mark.parametrize("number", range(len(STRESSES)))
@pytest.mark.parametrize(("height", "width"), [(32, 32), (224, 224), (112, 96), (28, 28)])
def test_stress__keeps_size_and_range_and_changes_the_image(
    number: int, height: int, width: int
) -> None:
    pixels = picture(height, width)
    shown = stress(pixels, STRESSES[number])
    assert shown.shape == pixels.shape
    assert shown.dtype == torch.float32
    assert shown.min() >= 0
    assert shown.max() <= 255
    assert (shown - pixels).abs().mean() > 5


def test_stress__an_image_does_not_depend_on_those_beside_it() -> None:
    pixels = picture()
    for how in STRESSES:
        torch.testing.assert_close(stress(pixels, how)[:1], stress(pixels[:1], how))


def test_stress__the_first_goes_farther_than_any_query() -> None:
    pixels = picture()
    shown = stress(pixels, STRESSES[0])
    assert shown[:, :, :6].max() == 0
    torch.testing.assert_close(shown[:, :, 6:], pixels[:, :, :-6].float())


def test_stress__grey_images_have_one_channel() -> None:
    for how in STRESSES:
        assert stress(picture(channels=1), how).shape == (2, 1, 32, 32)
