"""AdamW along a cosine.

torch.optim would do the same, but takes as long for its bookkeeping as a small network for its step, and its first
step loads the compiler of PyTorch, some seconds. This is the operation that it calls.
"""

import math
from collections.abc import Sequence

import torch

from mintcore.auditors.settings import FitSettings

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class AdamW:
    """AdamW (Loshchilov and Hutter 2019), whose rate falls to zero along half a cosine.

    Args:
        parameters: What it changes.
        settings: Rate and weight decay.
        steps: Steps of the whole training.
    """

    def __init__(
        self, parameters: Sequence[torch.Tensor], settings: FitSettings, steps: int
    ) -> None:
        self.parameters = list(parameters)
        self.means = [torch.zeros_like(values) for values in self.parameters]
        self.squares = [torch.zeros_like(values) for values in self.parameters]
        self._settings, self._steps, self._done = settings, steps, 0
        self._count = torch.zeros((), device=self.parameters[0].device)

    @torch.no_grad()
    def step(self, gradients: Sequence[torch.Tensor]) -> None:
        """Change the parameters by one step."""
        half_turn = math.pi * self._done / self._steps
        self._done += 1
        self._count.fill_(self._done)
        torch._fused_adamw_(
            self.parameters,
            list(gradients),
            self.means,
            self.squares,
            [],
            [self._count] * len(self.parameters),
            lr=self._settings.learning_rate * (1 + math.cos(half_turn)) / 2,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=self._settings.weight_decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )
