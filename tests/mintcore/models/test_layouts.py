import pytest
import torch
from torch import Tensor, nn

from mintcore.models.layouts import Layouts, Step

IMAGES = torch.zeros(3, 3, 8, 4)


def axis(output: Tensor, *steps: Step) -> tuple[int, bool]:
    return Layouts(IMAGES, steps).channel_axis(output)


@pytest.mark.parametrize(
    ("module", "shape", "expected"),
    [
        (nn.Conv2d(3, 5, 1), (3, 5, 5, 5), 1),
        (nn.BatchNorm2d(5), (3, 5, 5, 5), 1),
        (nn.GroupNorm(1, 5), (3, 5, 5, 5), 1),
        (nn.Linear(2, 5), (3, 5, 5, 5), 3),
        (nn.LayerNorm(5), (3, 5, 5, 5), 3),
        (nn.LayerNorm(5), (3, 5, 5), 2),
        (nn.Conv1d(5, 5, 1), (3, 5, 5), 1),
    ],
)
def test_channel_axis__weights_tell_their_own(
    module: nn.Module, shape: tuple[int, ...], expected: int
) -> None:
    output = torch.zeros(shape)
    assert axis(output, Step(module, None, output)) == (expected, False)


def test_channel_axis__what_consumes_it_tells() -> None:
    output = torch.zeros(3, 5, 5, 5)
    after = torch.zeros(3, 5, 5, 2)
    steps = [Step(nn.Identity(), None, output), Step(nn.Linear(5, 2), output, after)]
    assert axis(output, *steps) == (3, False)


def test_channel_axis__is_kept_with_the_shape() -> None:
    first, output = torch.zeros(3, 5, 5, 5), torch.zeros(3, 5, 5, 5)
    steps = [Step(nn.Linear(5, 5), None, first), Step(nn.ReLU(), first, output)]
    assert axis(output, *steps) == (3, False)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (lambda maps: maps.permute(0, 2, 3, 1), 3),
        (lambda maps: maps.transpose(2, 3), 1),
        (lambda maps: maps.flatten(2).transpose(1, 2), 2),
    ],
)
def test_channel_axis__is_followed_through_views(turn: object, expected: int) -> None:
    maps = torch.zeros(3, 5, 6, 7)
    output = turn(maps)  # type: ignore[operator]
    steps = [Step(nn.Conv2d(3, 5, 1), IMAGES, maps), Step(nn.Identity(), maps, output)]
    assert axis(output, *steps) == (expected, False)


@pytest.mark.parametrize(("shape", "expected"), [((3, 16, 4, 2), 1), ((3, 4, 2, 16), 3)])
def test_channel_axis__proportions_tell(shape: tuple[int, ...], expected: int) -> None:
    output = torch.zeros(shape)
    assert axis(output, Step(nn.Identity(), None, output)) == (expected, False)


@pytest.mark.parametrize("shape", [(3, 8, 4, 2), (3, 5, 5, 5)])
def test_channel_axis__is_assumed_where_the_shape_does_not_tell(shape: tuple[int, ...]) -> None:
    output = torch.zeros(shape)
    assert axis(output, Step(nn.Identity(), None, output)) == (1, True)


def test_channel_axis__of_tokens_that_nobody_explains_is_assumed() -> None:
    output = torch.zeros(3, 9, 5)
    assert axis(output, Step(nn.Identity(), None, output)) == (2, True)
