"""Which networks are trained together: as many as memory allows, of one design and about one width."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import psutil
import torch
from torch import nn

from mintcore.auditors.exercises import Exercise
from mintcore.auditors.perceptrons import as_perceptron
from mintcore.auditors.stacked_data import VALUE_BYTES
from mintcore.auditors.stacking import Place

MEMORY_SHARE = 0.4
"""Share of the free memory that activations in training may take."""
MOST_NETWORKS = 16
"""Networks of a stack on a CPU: from here on, more are no faster, and several stacks keep all cores busy."""
NARROWEST = 0.75
"""A stack is filled up with zeros to its widest, so the narrowest is at least this share of it."""


@dataclass(frozen=True)
class Plan:
    """How networks are trained.

    Attributes:
        stacks: Networks to train together.
        alone: Positions of the exercises whose networks are trained one after the other.
        workers: How many stacks to train at a time.
    """

    stacks: list[list[Place]]
    alone: list[int]
    workers: int


def plan(
    exercises: Sequence[Exercise],
    networks: Sequence[Sequence[nn.Module]],
    seeds: Sequence[int],
    device: torch.device,
) -> Plan:
    """Sort networks into stacks.

    Args:
        exercises: What is learned from.
        networks: A network a seed, for each exercise.
        seeds: The seeds.
        device: Where they are trained.
    """
    workers = torch.get_num_threads() if device.type == "cpu" else 1
    budget = budget_bytes(device) // workers
    groups: dict[tuple[object, ...], list[Place]] = defaultdict(list)
    alone = []
    for position, (exercise, of_seeds) in enumerate(zip(exercises, networks, strict=True)):
        places = _places(position, of_seeds, seeds)
        if places and _data_bytes(exercise, places[0]) <= budget:
            groups[_common(exercise, places[0])] += places
        else:
            alone.append(position)
    cutter = _Cutter(exercises, budget, workers if device.type == "cpu" else None)
    stacks = [stack for places in groups.values() for stack in cutter.cut(places)]
    return Plan(stacks, alone, workers)


def budget_bytes(device: torch.device) -> int:
    """Most bytes that activations in training may take."""
    if device.type == "cuda":
        return int(MEMORY_SHARE * torch.cuda.mem_get_info(device)[0])
    return int(MEMORY_SHARE * psutil.virtual_memory().available)


def _places(position: int, networks: Sequence[nn.Module], seeds: Sequence[int]) -> list[Place]:
    """Give the places of an exercise's networks; none where they are no perceptrons."""
    perceptrons = [as_perceptron(network) for network in networks]
    return [
        Place(position, seed, perceptron)
        for seed, perceptron in zip(seeds, perceptrons, strict=True)
        if perceptron is not None
    ]


def _common(exercise: Exercise, place: Place) -> tuple[object, ...]:
    """What all networks of a stack have in common."""
    perceptron = place.perceptron
    images = len(exercise.train.is_member), len(exercise.validation.is_member)
    return perceptron.widths, perceptron.dropouts, images


def _data_bytes(exercise: Exercise, place: Place) -> int:
    images = len(exercise.train.is_member) + len(exercise.validation.is_member)
    return images * place.perceptron.inputs * VALUE_BYTES


@dataclass(frozen=True)
class _Cutter:
    """Cuts networks of one design into stacks.

    Attributes:
        exercises: What they learn from.
        budget: Most bytes of activations of a stack.
        cores: How many stacks are trained at a time on a CPU; None on a GPU, which takes a stack of any size.
    """

    exercises: Sequence[Exercise]
    budget: int
    cores: int | None

    def cut(self, places: Sequence[Place]) -> Iterator[list[Place]]:
        """Cut networks into stacks, the widest first."""
        most = len(places)
        if self.cores is not None:
            most = min(MOST_NETWORKS, ceil(most / self.cores))
        for band in _bands(places):
            yield from self._cut_band(band, ceil(len(band) / ceil(len(band) / most)))

    def _cut_band(self, band: Sequence[Place], most: int) -> Iterator[list[Place]]:
        each_bytes = max(_data_bytes(self.exercises[place.position], place) for place in band)
        stack: list[Place] = []
        for place in band:
            positions = {other.position for other in [*stack, place]}
            if stack and (len(stack) == most or len(positions) * each_bytes > self.budget):
                yield stack
                stack = []
            stack.append(place)
        yield stack


def _bands(places: Sequence[Place]) -> list[list[Place]]:
    """Group networks of about one width, the widest first."""
    bands: list[list[Place]] = []
    for place in sorted(places, key=lambda place: (-place.perceptron.inputs, place.position)):
        if bands and place.perceptron.inputs >= NARROWEST * bands[-1][0].perceptron.inputs:
            bands[-1].append(place)
        else:
            bands.append([place])
    return bands
