import pytest
import torch
from torch import nn

from mintcore.models.tokens import Grids, Prefix, TokenLayout, read_prefix


class Tokens(nn.Module):
    """Has the parameters that are named."""

    def __init__(self, **shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.inner = nn.Module()
        for name, shape in shapes.items():
            self.inner.register_parameter(name, nn.Parameter(torch.zeros(shape)))


class Saying(Tokens):
    """Says how many prefix tokens it has, as timm's networks do."""

    num_prefix_tokens = 4


@pytest.mark.parametrize(
    ("module", "prefix"),
    [
        (Tokens(class_token=(1, 1, 8)), Prefix(1, True)),
        (Tokens(class_embedding=(8,)), Prefix(1, True)),
        (Tokens(cls_token=(1, 1, 8), dist_token=(1, 1, 8)), Prefix(2, True)),
        (Tokens(cls_token=(1, 1, 8), register_tokens=(1, 4, 8)), Prefix(5, True)),
        (Tokens(weight=(8, 8)), Prefix(0, False)),
        (Saying(reg_token=(1, 4, 8)), Prefix(4, False)),
    ],
)
def test_read_prefix(module: nn.Module, prefix: Prefix) -> None:
    assert read_prefix(module) == prefix


def layout(prefix: Prefix, map_shape: tuple[int, int, int], tokens: int) -> TokenLayout:
    grids = Grids(prefix)
    grids.saw(map_shape)
    return grids.layout(tokens)


def test_grids__patches_lie_as_the_map_before_them() -> None:
    expected = TokenLayout(1, (16, 4), class_token=True, assumed=False)
    assert layout(Prefix(1, True), (8, 16, 4), 65) == expected


def test_grids__registers_without_a_class_token() -> None:
    expected = TokenLayout(4, (7, 7), class_token=False, assumed=False)
    assert layout(Prefix(4, False), (8, 7, 7), 53) == expected


def test_grids__tokens_before_the_prefix_is_put_on() -> None:
    expected = TokenLayout(0, (14, 14), class_token=False, assumed=False)
    assert layout(Prefix(1, True), (8, 14, 14), 196) == expected


def test_grids__a_square_that_no_map_had_is_assumed() -> None:
    expected = TokenLayout(None, None, class_token=False, assumed=True)
    assert layout(Prefix(1, True), (8, 16, 16), 197) == expected


def test_grids__what_cannot_be_a_square_is_no_grid() -> None:
    expected = TokenLayout(None, None, class_token=False, assumed=False)
    assert layout(Prefix(0, False), (8, 16, 16), 15) == expected
