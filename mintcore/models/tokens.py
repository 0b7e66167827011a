"""Read off a transformer which of its tokens are patches, and how these lie in the image."""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from mintcore.models.layers import token_grid

# Parameters that become tokens before those of the patches, as torchvision, timm and others name them.
_CLASS_TOKENS = frozenset({"class_token", "cls_token", "class_embedding"})
_OTHER_TOKENS = frozenset(
    {"dist_token", "distillation_token", "reg_token", "reg_tokens", "register_tokens"}
)


@dataclass(frozen=True)
class Prefix:
    """The tokens that a network puts before those of the patches.

    Args:
        count: How many; 0 where it has none or does not tell.
        class_token: Whether the first of them is a class token.
    """

    count: int
    class_token: bool


@dataclass(frozen=True)
class TokenLayout:
    """How the tokens of a layer lie; see ``layers.Layer`` for the fields."""

    prefix_tokens: int | None
    grid: tuple[int, int] | None
    class_token: bool
    assumed: bool


def read_prefix(module: nn.Module) -> Prefix:
    """Read the prefix off a network: timm says it, elsewhere the names of its parameters do."""
    tokens = {
        name.rpartition(".")[2]: parameter.numel() // parameter.shape[-1]
        for name, parameter in module.named_parameters()
        if name.rpartition(".")[2] in _CLASS_TOKENS | _OTHER_TOKENS
    }
    said = [getattr(part, "num_prefix_tokens", None) for part in module.modules()]
    counts = [count for count in said if isinstance(count, int)]
    count = counts[0] if counts else sum(tokens.values())
    return Prefix(count, bool(_CLASS_TOKENS & set(tokens)))


class Grids:
    """Knows the sizes of the maps that a network has computed so far, which patches lie in."""

    def __init__(self, prefix: Prefix) -> None:
        self._prefix = prefix
        self._of_cells: dict[int, tuple[int, int]] = {}

    def saw(self, map_shape: Iterable[int]) -> None:
        """Remember the size of a (C, H, W) map."""
        _, height, width = map_shape
        self._of_cells[height * width] = (height, width)

    def layout(self, count: int) -> TokenLayout:
        """Tell how so many tokens lie: as many are patches as one of the maps has cells."""
        for prefix in (self._prefix.count, 0):
            grid = self._of_cells.get(count - prefix)
            if grid is not None:
                return TokenLayout(prefix, grid, prefix > 0 and self._prefix.class_token, False)
        return TokenLayout(None, None, False, token_grid(count) is not None)
