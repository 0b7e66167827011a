import pytest
import torch

from mintcore.extraction.queries import MAX_QUERIES, QUERIES, Query, show


def corner(side: int = 32) -> torch.Tensor:
    """White but for one black pixel at the top left: (1, 1, side, side)."""
    image = torch.full((1, 1, side, side), 255, dtype=torch.uint8)
    image[0, 0, 0, 0] = 7
    return image


def test_queries__begin_with_the_image_and_its_mirror_image() -> None:
    assert QUERIES[:2] == [Query(False, 0, 0), Query(True, 0, 0)]


def test_queries__are_all_different_and_fixed() -> None:
    assert len(set(QUERIES)) == len(QUERIES) == MAX_QUERIES
    # what is in the stores hangs on it: a change here needs another name for the views
    assert QUERIES[2:5] == [Query(False, -3, -3), Query(True, 2, 2), Query(True, 3, -2)]


def test_show__the_first_query_changes_nothing() -> None:
    assert torch.equal(show(corner(), QUERIES[0]), corner())


def test_show__the_second_is_the_mirror_image() -> None:
    shown = show(corner(), QUERIES[1])
    assert shown[0, 0, 0, 31] == 7
    assert torch.equal(show(shown, QUERIES[1]), corner())


def test_show__the_largest_shift_is_an_eighth_and_lets_in_black() -> None:
    shown = show(corner(), Query(False, 4, 2))
    assert shown.shape == (1, 1, 32, 32)
    assert shown[0, 0, 4, 2] == 7
    assert shown[0, 0, :4].max() == 0
    assert shown[0, 0, :, :2].max() == 0
    assert int((shown == 255).sum()) == 28 * 30 - 1


def test_show__shifts_out_at_the_other_side() -> None:
    assert torch.equal(show(corner(), Query(False, -4, 0))[0, 0, 28:], torch.zeros(4, 32))


@pytest.mark.parametrize(("height", "width"), [(224, 224), (112, 96), (28, 28), (7, 5)])
def test_show__keeps_every_size(height: int, width: int) -> None:
    pixels = torch.randint(1, 255, (2, 3, height, width), dtype=torch.uint8)
    for query in QUERIES:
        assert show(pixels, query).shape == pixels.shape
