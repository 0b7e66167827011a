"""Parameters of K perceptrons side by side in one flat tensor, so that one operation steps all."""

import math
from collections.abc import Sequence

import torch

from mintcore.auditors.optimisation import AdamW
from mintcore.auditors.perceptrons import Perceptron
from mintcore.auditors.settings import FitSettings


class Parameters:
    """What is learned by K perceptrons of one design.

    Args:
        perceptrons: The networks, whose weights it begins with.
        inputs: Width of what is read; narrower networks are filled up with weights of zero, which stay zero.
        settings: How to fit.
        steps: Steps of the whole training.
        device: Where.

    Attributes:
        weights: (K, in, out) of each layer.
        biases: (K, 1, out) of each layer.
        weight_gradients: To be written before a step.
        bias_gradients: To be written before a step.
    """

    def __init__(
        self,
        perceptrons: Sequence[Perceptron],
        inputs: int,
        settings: FitSettings,
        steps: int,
        device: torch.device,
    ) -> None:
        widths = perceptrons[0].widths
        pairs = list(zip((inputs, *widths[:-1]), widths, strict=True))
        self._shapes = [*pairs, *((1, width) for width in widths)]
        flat = torch.zeros(len(perceptrons) * sum(math.prod(shape) for shape in self._shapes))
        weights, biases = self._views(flat)
        for network, perceptron in enumerate(perceptrons):
            for weight, bias, layer in zip(weights, biases, perceptron.layers, strict=True):
                weight[network, : layer.in_features] = layer.weight.detach().T
                bias[network, 0] = layer.bias.detach()
        self._best = flat.to(device)
        self._optimiser = AdamW([self._best.clone()], settings, steps)
        self._show()

    def step(self) -> None:
        """Learn from the gradients."""
        self._optimiser.step([self._gradients])

    def remember(self, networks: torch.Tensor) -> None:
        """Keep what some networks are now as their best."""
        now_and_best = zip(
            self._all(self._optimiser.parameters[0]), self._all(self._best), strict=True
        )
        for now, best in now_and_best:
            best[networks] = now[networks]

    def keep(self, networks: torch.Tensor) -> None:
        """Go on with some networks only."""
        optimiser = self._optimiser
        self._best = self._of(self._best, networks)
        for held in (optimiser.parameters, optimiser.means, optimiser.squares):
            held[0] = self._of(held[0], networks)
        self._show()

    def write_best(self, network: int, perceptron: Perceptron) -> None:
        """Write the best weights of a network into its module."""
        weights, biases = self._views(self._best)
        with torch.no_grad():
            for weight, bias, layer in zip(weights, biases, perceptron.layers, strict=True):
                layer.weight.copy_(weight[network, : layer.in_features].T)
                layer.bias.copy_(bias[network, 0])

    def _show(self) -> None:
        flat = self._optimiser.parameters[0]
        self._gradients = torch.zeros_like(flat)
        self.weights, self.biases = self._views(flat)
        self.weight_gradients, self.bias_gradients = self._views(self._gradients)

    def _of(self, flat: torch.Tensor, networks: torch.Tensor) -> torch.Tensor:
        return torch.cat([view[networks].flatten() for view in self._all(flat)])

    def _views(self, flat: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Give weights and biases of each layer."""
        views = self._all(flat)
        layers = len(views) // 2
        return views[:layers], views[layers:]

    def _all(self, flat: torch.Tensor) -> list[torch.Tensor]:
        networks = len(flat) // sum(math.prod(shape) for shape in self._shapes)
        parts = flat.split([networks * math.prod(shape) for shape in self._shapes])
        return [
            part.view(networks, *shape) for part, shape in zip(parts, self._shapes, strict=True)
        ]
