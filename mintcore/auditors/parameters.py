"""Parameters of K perceptrons side by side in one flat tensor, with their gradients and AdamW."""

import math
from collections.abc import Sequence

import torch

from mintcore.auditors.exercises import FitSettings
from mintcore.auditors.perceptrons import Perceptron

_MOMENTS = ("exp_avg", "exp_avg_sq")


class Parameters:
    """What is learned by K perceptrons of one design; one operation steps all.

    Args:
        perceptrons: The networks, whose weights it begins with.
        inputs: Width of what is read; narrower networks are filled up with weights of zero, which stay zero.
        settings: How to fit.
        steps: Steps of the whole training, for the schedule.
        device: Where.
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
        self._settings, self._steps, self._done = settings, steps, 0
        flat = torch.zeros(len(perceptrons) * sum(math.prod(shape) for shape in self._shapes))
        weights, biases = self._views(flat)
        for network, perceptron in enumerate(perceptrons):
            for weight, bias, layer in zip(weights, biases, perceptron.layers, strict=True):
                weight[network, : layer.in_features] = layer.weight.detach().T
                bias[network, 0] = layer.bias.detach()
        self._own(flat.to(device))
        self._best = self._flat.detach().clone()

    def step(self) -> None:
        """Learn from the gradients, along a cosine (AdamW, Loshchilov and Hutter 2019)."""
        half_turn = math.pi * self._done / self._steps
        rate = self._settings.learning_rate * (1 + math.cos(half_turn)) / 2
        self._optimiser.param_groups[0]["lr"] = rate
        self._optimiser.step()
        self._done += 1

    def remember(self, networks: torch.Tensor) -> None:
        """Keep what some networks are now as their best."""
        for best, now in zip(self._all(self._best), self._all(self._flat.detach()), strict=True):
            best[networks] = now[networks]

    def keep(self, networks: torch.Tensor) -> None:
        """Go on with some networks only."""
        before = self._optimiser.state[self._flat]
        flat, best, *moments = (
            torch.cat([view[networks].flatten() for view in self._all(values.detach())])
            for values in (self._flat, self._best, *(before[name] for name in _MOMENTS))
        )
        self._own(flat)
        self._best = best
        state = {"step": before["step"], **dict(zip(_MOMENTS, moments, strict=True))}
        self._optimiser.state[self._flat] = state

    def write_best(self, network: int, perceptron: Perceptron) -> None:
        """Write the best weights of a network into its module."""
        weights, biases = self._views(self._best)
        with torch.no_grad():
            for weight, bias, layer in zip(weights, biases, perceptron.layers, strict=True):
                layer.weight.copy_(weight[network, : layer.in_features].T)
                layer.bias.copy_(bias[network, 0])

    def _own(self, flat: torch.Tensor) -> None:
        self._flat = torch.nn.Parameter(flat)
        self._flat.grad = torch.zeros_like(flat)
        self.weights, self.biases = self._views(self._flat.detach())
        self.weight_gradients, self.bias_gradients = self._views(self._flat.grad)
        self._optimiser = torch.optim.AdamW(
            [self._flat], weight_decay=self._settings.weight_decay, fused=True
        )

    def _views(self, flat: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Weights (K, in, out) and biases (K, 1, out) of each layer."""
        views = self._all(flat)
        layers = len(views) // 2
        return views[:layers], views[layers:]

    def _all(self, flat: torch.Tensor) -> list[torch.Tensor]:
        networks = len(flat) // sum(math.prod(shape) for shape in self._shapes)
        sizes = [networks * math.prod(shape) for shape in self._shapes]
        parts = flat.split(sizes)
        return [
            part.view(networks, *shape) for part, shape in zip(parts, self._shapes, strict=True)
        ]
