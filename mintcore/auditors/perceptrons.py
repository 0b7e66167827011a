"""What the perceptrons among the networks are made of, so that many can be trained as one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

_LETTERS = {nn.Linear: "L", nn.ReLU: "R", nn.Dropout: "D"}
_PERCEPTRON = re.compile(r"(-*)(L(?:RD?L)*)")


@dataclass(frozen=True)
class Perceptron:
    """Linear layers, with ReLU and dropout after each but the last, behind a preparation that learns nothing.

    Attributes:
        preparation: What is done to the activations first, such as to standardise them.
        layers: The linear layers.
        dropouts: Share of units that is dropped after each layer but the last.
    """

    preparation: nn.Sequential
    layers: tuple[nn.Linear, ...]
    dropouts: tuple[float, ...]

    @property
    def inputs(self) -> int:
        """Width of what the first layer reads."""
        return self.layers[0].in_features

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of what each layer gives."""
        return tuple(layer.out_features for layer in self.layers)


def learning_layers(features: int, widths: Sequence[int], dropout: float) -> list[nn.Module]:
    """List what learns in a perceptron: linear layers with ReLU and dropout, and one that gives (B, 1) logits."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((features, *widths)):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]
    return [*layers, nn.Linear(widths[-1], 1)]


def as_perceptron(network: nn.Module) -> Perceptron | None:
    """Take a network apart; None where it is anything but a perceptron."""
    modules = list(network) if isinstance(network, nn.Sequential) else []
    letters = "".join(_LETTERS.get(type(module), "-") for module in modules)
    found = _PERCEPTRON.fullmatch(letters)
    if found is None:
        return None
    preparation = nn.Sequential(*modules[: found.end(1)])
    if list(preparation.parameters()):
        return None
    layers = tuple(module for module in modules if isinstance(module, nn.Linear))
    return Perceptron(preparation, layers, _dropouts(modules))


def _dropouts(modules: Sequence[nn.Module]) -> tuple[float, ...]:
    return tuple(
        after.p if isinstance(after, nn.Dropout) else 0.0
        for module, after in pairwise(modules)
        if isinstance(module, nn.ReLU)
    )
