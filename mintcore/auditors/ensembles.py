"""Networks of one kind that differ in their seed, as one module."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

_PREFIX = "members."


class Ensemble(nn.Module):
    """S networks of one kind.

    Args:
        members: The networks, each with (B, 1) logits.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.register_load_state_dict_pre_hook(_name_lone_network)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Give (B, S) logits of (B, *shape) activations, a column a network, higher for members."""
        return torch.cat([member(values) for member in self.members], dim=1)


def _name_lone_network(
    ensemble: nn.Module, state: dict[str, Any], prefix: str, *_ignored: object
) -> None:
    """Take the weights of one bare network as an ensemble of one: that is what earlier versions saved."""
    if not any(name.startswith(prefix + _PREFIX) for name in state):
        for name in list(state):
            state[f"{prefix}{_PREFIX}0.{name.removeprefix(prefix)}"] = state.pop(name)
