"""The matrix products of a sweep by themselves: what its networks cannot be trained without."""

from collections.abc import Sequence
from itertools import pairwise

import torch

from mintcore.auditors.exercises import Exercise
from mintcore.auditors.networks import build_member
from mintcore.auditors.planning import plan
from mintcore.auditors.settings import FitSettings
from mintcore.auditors.stacking import Place


class Products:
    """The products of two matrices in a sweep, in the stacks in which it is trained, and as often.

    A product with a single column is left out: it is made as a sum.

    Args:
        exercises: What is learned from.
        settings: How.
        seeds: The seeds.
    """

    def __init__(
        self, exercises: Sequence[Exercise], settings: FitSettings, seeds: Sequence[int]
    ) -> None:
        networks = [[build_member(each.kind, each.specs) for _ in seeds] for each in exercises]
        stacks = plan(exercises, networks, seeds, torch.device("cpu")).stacks
        self._shapes = [_widths(stack) for stack in stacks]
        self._settings = settings
        self._train = len(exercises[0].train.is_member)
        self._validation = len(exercises[0].validation.is_member)

    def run(self) -> None:
        """Multiply."""
        steps = self._settings.epochs * -(-self._train // self._settings.batch_size)
        for networks, widths in self._shapes:
            for number, pair in enumerate(pairwise(widths)):
                matrices = _Matrices(networks, self._settings.batch_size, *pair)
                for _ in range(steps):
                    matrices.forward()
                    matrices.backward(reaches_input=number > 0)
                judged = _Matrices(networks, self._validation, *pair)
                for _ in range(self._settings.epochs):
                    judged.forward()


class _Matrices:
    """What is multiplied in one layer of a stack."""

    def __init__(self, networks: int, images: int, inputs: int, outputs: int) -> None:
        self._values = torch.rand(networks, images, inputs)
        self._weight = torch.rand(networks, inputs, outputs)
        self._slope = torch.rand(networks, images, outputs)

    def forward(self) -> None:
        torch.bmm(self._values, self._weight)

    def backward(self, *, reaches_input: bool) -> None:
        torch.bmm(self._values.mT, self._slope)
        if reaches_input:
            torch.bmm(self._slope, self._weight.mT)


def _widths(stack: Sequence[Place]) -> tuple[int, list[int]]:
    """Give how many networks a stack has, and how wide their layers are but the last."""
    inputs = max(place.perceptron.inputs for place in stack)
    return len(stack), [inputs, *stack[0].perceptron.widths[:-1]]
