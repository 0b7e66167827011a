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
MOST_NETWORKS = 12
"""Networks of a stack on a CPU: more no longer lie in its cache together."""
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
    stacks = [
        stack
        for places in groups.values()
        for stack in _cut(places, exercises, budget, _most_networks(len(places), workers, device))
    ]
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


def _most_networks(networks: int, workers: int, device: torch.device) -> int:
    """How many networks a stack may have: few enough for the cache, and that all workers have some."""
    return networks if device.type == "cuda" else min(MOST_NETWORKS, ceil(networks / workers))


def _cut(
    places: Sequence[Place], exercises: Sequence[Exercise], budget: int, most: int
) -> Iterator[list[Place]]:
    """Cut networks into stacks, the widest first."""
    stack: list[Place] = []
    held: dict[int, int] = {}
    for place in sorted(places, key=lambda place: (-place.perceptron.inputs, place.position)):
        held[place.position] = _data_bytes(exercises[place.position], stack[0] if stack else place)
        narrow = stack and place.perceptron.inputs < NARROWEST * stack[0].perceptron.inputs
        if stack and (narrow or len(stack) == most or sum(held.values()) > budget):
            yield stack
            stack, held = [], {place.position: _data_bytes(exercises[place.position], place)}
        stack.append(place)
    if stack:
        yield stack
