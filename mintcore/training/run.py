"""Run one training from the first weights to the registered model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from mintcore.errors import MintError
from mintcore.memory import keep_memory
from mintcore.models.architectures import build, head_of
from mintcore.models.tracing import trace
from mintcore.progress import Reporter
from mintcore.training.accuracy import HeldOut, measure_accuracy
from mintcore.training.checkpoints import Checkpoint
from mintcore.training.course import Course
from mintcore.training.examples import Examples
from mintcore.training.heads import build_head
from mintcore.training.pixels import open_pixels
from mintcore.training.publication import publish_trained
from mintcore.training.requests import TrainingRequest
from store.artefacts import Card, Home

DEFAULT_EMBEDDING = 512


@dataclass(frozen=True)
class Task:
    """One training, checked.

    Attributes:
        request: Which model.
        examples: What it learns from, wrong labels included.
        made_from: All that the result depends on besides architecture and preprocessing; for the card.
        held_out: What the accuracy is measured on at the end.
    """

    request: TrainingRequest
    examples: Examples
    made_from: Mapping[str, Any]
    held_out: HeldOut | None


def run_training(home: Home, task: Task, *, device: torch.device, reporter: Reporter) -> Card:
    """Train, from the last checkpoint where there is one, and register the model.

    Args:
        home: The home folder.
        task: What to train.
        device: Where.
        reporter: Told of every batch, and of the figures of each epoch.

    Raises:
        MintError: Architecture and images do not fit, or the loss is not finite.
    """
    keep_memory()
    request = task.request
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        _seed(request.settings.seed, device)
        course = begin(task, device)
        checkpoint = Checkpoint(home, request.name, _identity(task))
        _take_up(course, checkpoint, reporter)
        _finish(task, course, checkpoint, reporter)
    trained_on = {**task.made_from, **_found(task, course)}
    card = publish_trained(
        home, request, task.examples, course, folder=checkpoint.folder, trained_on=trained_on
    )
    checkpoint.remove()
    return card


def begin(task: Task, device: torch.device) -> Course:
    """Give a training its first weights, from torch's global random state.

    Raises:
        MintError: Architecture and images do not fit.
    """
    request, settings = task.request, task.request.settings
    classes = len(task.examples.class_names)
    network = _build_network(request, classes)
    width = trace(network.eval(), request.preprocessing.shape)[-1].layer.shape[0]
    if settings.head is None and width != classes:
        raise MintError(
            f"{request.arch} gives {width} numbers an image, but there are {classes} classes: give one output a class, "
            "or --head softmax or arcface where the output is an embedding."
        )
    if settings.embedding is not None and width != settings.embedding:
        raise MintError(
            f"{request.arch} gives an embedding of {width} numbers, not {settings.embedding}: leave out --embedding."
        )
    head = build_head(settings.head, width, classes)
    return Course(
        _placed(network, device),
        head.to(device),
        task.examples.classes,
        request.preprocessing,
        settings,
    )


def _seed(seed: int, device: torch.device) -> None:
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed all GPUs
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def _identity(task: Task) -> dict[str, Any]:
    request = task.request
    made_by = {"arch": request.arch, "preprocessing": request.preprocessing.to_json()}
    return {**task.made_from, **made_by}


def _build_network(request: TrainingRequest, classes: int) -> nn.Module:
    settings = request.settings
    wanted = classes if settings.head is None else settings.embedding or DEFAULT_EMBEDDING
    return build(
        request.arch,
        num_classes=None if head_of(request.arch) == "embedding" else wanted,
        in_channels=request.preprocessing.channels,
        size=request.preprocessing.size,
        allow_code=request.allow_code,
    )


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    if device.type != "cuda":
        return network
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _take_up(course: Course, checkpoint: Checkpoint, reporter: Reporter) -> None:
    state = checkpoint.load()
    if state is not None:
        try:
            course.take_up(state)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise MintError(
                f"{checkpoint.file} does not fit the network any more, whose code has changed: delete it, to train "
                "from the beginning."
            ) from error
        reporter.log(f"Goes on after epoch {len(course.history)}, where it was stopped")


def _finish(task: Task, course: Course, checkpoint: Checkpoint, reporter: Reporter) -> None:
    name, settings, images = task.request.name, task.request.settings, len(task.examples)
    if len(course.history) == settings.epochs:
        return
    device = next(course.network.parameters()).device
    pixels = open_pixels(task.examples, task.request.preprocessing, device, reporter)
    reporter.stage(f"Train {name}", settings.epochs * images)
    reporter.advance(len(course.history) * images)
    for epoch in course.epochs(pixels, reporter):
        checkpoint.save(course.state())
        reporter.measure({"network": name, **asdict(epoch)})


def _found(task: Task, course: Course) -> dict[str, Any]:
    device = next(course.network.parameters()).device
    found: dict[str, Any] = {
        "train_accuracy": course.history[-1].train_accuracy,
        "device": device.type,
        "precision": str(course.dtype).removeprefix("torch."),
    }
    if task.held_out is None:
        return found
    preprocessing = task.request.preprocessing
    measured = measure_accuracy(task.held_out, course.classify, preprocessing, device)
    return {**found, "test": measured.to_json()}
