import pytest
import torch

from mintcore.errors import MintError
from mintcore.models.views import views

# One image, one channel, 2 rows of 4 cells.
MAP = torch.tensor([[[[1.0, 3.0, 5.0, 7.0], [2.0, 4.0, 6.0, 8.0]]]])
# One image, a class token and four patches, two channels.
TOKENS = torch.tensor([[[9.0, 90.0], [1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [5.0, 50.0]]])


def test_views__pooled_map_is_the_mean_over_space() -> None:
    assert views(MAP, "map", "pooled", 8).tolist() == [[4.5]]


def test_views__pooled_tokens_is_the_mean_over_all_tokens() -> None:
    assert views(TOKENS, "tokens", "pooled", 8).tolist() == [[4.0, 40.0]]


def test_views__pooled_vector_is_itself() -> None:
    assert views(torch.tensor([[1.0, 2.0]]), "vector", "pooled", 8).tolist() == [[1.0, 2.0]]


def test_views__map_is_averaged_only_along_sides_that_are_too_long() -> None:
    assert views(MAP, "map", "map", 2).tolist() == [[[[2.0, 6.0], [3.0, 7.0]]]]


def test_views__small_map_is_kept() -> None:
    assert torch.equal(views(MAP, "map", "map", 4), MAP)


def test_views__map_without_a_limit_is_kept() -> None:
    assert torch.equal(views(MAP, "map", "map", None), MAP)


def test_views__tokens_become_a_grid_without_the_class_token() -> None:
    grid = views(TOKENS, "tokens", "map", 8)
    assert grid.tolist() == [[[[1.0, 2.0], [3.0, 5.0]], [[10.0, 20.0], [30.0, 50.0]]]]


def test_views__half_precision_is_accumulated_in_float32() -> None:
    # The sum of these, 4,200,000, is beyond float16's 65,504.
    half = torch.full((1, 1, 100, 100), 420.0, dtype=torch.float16)
    pooled = views(half, "map", "pooled", 8)
    assert (pooled.dtype, pooled.item()) == (torch.float32, 420.0)


@pytest.mark.parametrize(("kind", "shape"), [("vector", (1, 4)), ("tokens", (1, 7, 4))])
def test_views__no_map_is_an_error(kind: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(MintError, match="has no map: take the pooled view"):
        views(torch.zeros(shape), kind, "map", 8)  # type: ignore[arg-type]
