"""Fit networks to tell members from externals, and score images with them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice, takewhile

import numpy as np
import torch
from torch import nn

from mintcore.auditors.ensembles import Ensemble
from mintcore.auditors.exercises import (
    Activations,
    Epoch,
    Exercise,
    Fitted,
    LabelledSet,
)
from mintcore.auditors.networks import build_member
from mintcore.auditors.planning import plan
from mintcore.auditors.preparation import Preparation
from mintcore.auditors.settings import FitSettings
from mintcore.auditors.stacking import Told, train_stack
from mintcore.auditors.streaming import SCORING_BATCH, score, score_values, train_alone
from mintcore.memory import keep_memory

__all__ = [
    "Epoch",
    "Exercise",
    "FitSettings",
    "Fitted",
    "LabelledSet",
    "fit_together",
    "score",
    "score_values",
]


def fit_together(
    exercises: Sequence[Exercise],
    *,
    settings: FitSettings,
    seeds: Sequence[int],
    device: torch.device,
    on_epoch: Callable[[int, Epoch], None],
) -> list[Fitted]:
    """Fit a network a seed on each exercise; of each the epoch with the best validation AUC is kept.

    What comes of an exercise does not depend on the others, nor on the other seeds.

    Args:
        exercises: What is learned from.
        settings: How to fit.
        seeds: Of weights, order of images and dropout; on a CPU the result is reproducible.
        device: Where to fit.
        on_epoch: Told of each epoch with the position of its exercise; may raise to stop.

    Returns:
        The networks of each exercise, on the device.
    """
    keep_memory()
    networks = [_build(exercise, seeds) for exercise in exercises]
    histories: list[dict[int, list[Epoch]]] = [{s: [] for s in seeds} for _ in exercises]
    with _mixed_precision(device):
        for told in _train(exercises, networks, settings, seeds, device):
            for position, epoch in told:
                histories[position][epoch.seed].append(epoch)
                on_epoch(position, epoch)
    return [
        Fitted(Ensemble(of_seeds).to(device).eval(), [e for s in seeds for e in history[s]])
        for of_seeds, history in zip(networks, histories, strict=True)
    ]


@contextmanager
def _mixed_precision(device: torch.device) -> Iterator[None]:
    """Let a GPU round what it multiplies in stacks to TF32; sums and parameters stay float32. A CPU stays exact."""
    before = torch.get_float32_matmul_precision()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _build(exercise: Exercise, seeds: Sequence[int]) -> list[nn.Module]:
    """Build the network of each seed, and prepare them alike."""
    networks = []
    with torch.random.fork_rng(devices=[]):
        for seed in seeds:
            torch.manual_seed(seed)
            networks.append(build_member(exercise.kind, exercise.specs))
    first, *others = networks
    for name, module in first.named_children():
        if isinstance(module, Preparation):
            module.fit(_arriving(first, module, exercise.train.activations))
            for other in others:
                other.get_submodule(name).load_state_dict(module.state_dict())
    return networks


def _arriving(
    network: nn.Module, module: nn.Module, activations: Activations
) -> Iterator[np.ndarray]:
    """Give the activations as they come to a module of a network."""
    before = nn.Sequential(*takewhile(lambda other: other is not module, network.children()))
    for _, values in activations.sequential(SCORING_BATCH):
        yield before(torch.from_numpy(values.astype(np.float32))).numpy()


def _train(
    exercises: Sequence[Exercise],
    networks: Sequence[Sequence[nn.Module]],
    settings: FitSettings,
    seeds: Sequence[int],
    device: torch.device,
) -> Iterator[Told]:
    """Train in stacks what can be, and the rest one network after the other."""
    planned = plan(exercises, networks, seeds, device)
    stacks = (train_stack(stack, exercises, settings, device) for stack in planned.stacks)
    yield from _side_by_side(stacks, planned.workers)
    for position in planned.alone:
        for seed, network in zip(seeds, networks[position], strict=True):
            for epoch in train_alone(network, exercises[position], settings, seed, device):
                yield [(position, epoch)]


def _side_by_side(trainings: Iterator[Iterator[Told]], workers: int) -> Iterator[Told]:
    """Go on with some trainings at a time, each in a thread of its own, an epoch at a time."""
    with ThreadPoolExecutor(workers, "fit", torch.set_num_threads, (1,)) as threads:
        going: dict[Future[Told | None], Iterator[Told]] = {}

        def go_on(training: Iterator[Told]) -> None:
            going[threads.submit(next, training, None)] = training

        for training in islice(trainings, workers):
            go_on(training)
        while going:
            for done in wait(going, return_when=FIRST_COMPLETED).done:
                training, told = going.pop(done), done.result()
                following = training if told is not None else next(trainings, None)
                if following is not None:
                    go_on(following)
                if told is not None:
                    yield told
