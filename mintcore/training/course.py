"""The course of one training, epoch by epoch; between two epochs it can be stopped and taken up again."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

from mintcore.errors import MintError
from mintcore.models.preprocessing import Preprocessing
from mintcore.progress import Reporter
from mintcore.training.augmentation import augment
from mintcore.training.heads import Head
from mintcore.training.optimisation import autocast_dtype, build_optimiser, build_schedule
from mintcore.training.pixels import Pixels
from mintcore.training.settings import TrainingSettings

STEPS_A_CHECK = 50


@dataclass(frozen=True)
class Epoch:
    """One epoch of a training, as the images were seen: before each step, augmented, wrong labels included.

    Attributes:
        epoch: From 1.
        train_loss: Mean cross-entropy.
        train_accuracy: Share of images that got the class they were trained as.
        learning_rate: At its end.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    learning_rate: float


class Course:
    """A network and a head that are being trained. Draws from torch's global random state.

    Attributes:
        network: The network.
        head: The head.
        history: The epochs so far.
        times_seen: (N,) int64, how often each image went through the network so far.
        dtype: Number format of the forward pass.

    Args:
        network: On the device where it is trained.
        head: Likewise.
        classes: (N,) int64, the class each image is trained as.
        preprocessing: Normalises the images.
        settings: How to train.
    """

    def __init__(
        self,
        network: nn.Module,
        head: Head,
        classes: np.ndarray,
        preprocessing: Preprocessing,
        settings: TrainingSettings,
    ) -> None:
        self.network, self.head, self.history = network, head, list[Epoch]()
        self.times_seen = torch.zeros(len(classes), dtype=torch.int64)
        self._classes, self._preprocessing = torch.from_numpy(classes), preprocessing
        self._settings = settings
        self._device = next(network.parameters()).device
        _set_dropout(network, settings.dropout)
        self._parts = nn.ModuleDict({"network": network, "head": head})
        self._optimiser = build_optimiser(self._parts, settings, self._device)
        steps = settings.epochs * len(_cut(self._classes, settings.batch_size))
        self._schedule = build_schedule(self._optimiser, settings, steps)
        self.dtype = autocast_dtype(self._device)
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=self.dtype == torch.float16)

    def epochs(self, pixels: Pixels, reporter: Reporter) -> Iterator[Epoch]:
        """Train in place, one epoch whenever the next is asked for.

        Raises:
            MintError: The loss is not finite, or the network's output has another shape.
        """
        while len(self.history) < self._settings.epochs:
            self.history.append(self._epoch(pixels, reporter))
            yield self.history[-1]

    def state(self) -> dict[str, Any]:
        """Give all that the rest of the training depends on: tensors and plain values."""
        return {
            "parts": self._parts.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "scaler": self._scaler.state_dict(),
            "times_seen": self.times_seen,
            "history": [asdict(epoch) for epoch in self.history],
            "random": torch.get_rng_state(),
            "random_gpu": self._gpu_state(),
        }

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state`` gave."""
        self._parts.load_state_dict(state["parts"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._scaler.load_state_dict(state["scaler"])
        self.times_seen = state["times_seen"]
        self.history = [Epoch(**values) for values in state["history"]]
        torch.set_rng_state(state["random"])
        if state["random_gpu"] is not None and self._device.type == "cuda":
            torch.cuda.set_rng_state(state["random_gpu"], self._device)

    def classify(self, inputs: Tensor) -> Tensor:
        """Map preprocessed images (N, C, H, W) to logits (N, K), without any training."""
        self._parts.eval()
        with torch.inference_mode():
            logits: Tensor = self.head(self.network(inputs))
        return logits

    def _epoch(self, pixels: Pixels, reporter: Reporter) -> Epoch:
        augmenting, ordering = _generator(), _generator()
        order = torch.randperm(len(self._classes), generator=ordering)
        batches = _cut(order, self._settings.batch_size)
        tally = torch.zeros(2, dtype=torch.float64, device=self._device)
        self._parts.train()
        for number, (positions, raw) in enumerate(
            zip(batches, pixels.batches(batches), strict=True), start=1
        ):
            shown = augment(raw, self._settings.augment, augmenting)
            tally += self._step(shown, self._classes[positions].to(self._device))
            self.times_seen[positions] += 1
            if number % STEPS_A_CHECK == 0 or number == len(batches):
                self._refuse_what_is_not_finite(tally)
            reporter.advance(len(positions))
        loss, right = (tally / len(order)).tolist()
        return Epoch(len(self.history) + 1, loss, right, float(self._schedule.get_last_lr()[0]))

    def _step(self, shown: Tensor, targets: Tensor) -> Tensor:
        """Take one step; give the summed loss and the number of right answers."""
        inputs = self._preprocessing.normalise(shown)
        if self._device.type == "cuda":
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        logits = self.head(self._outputs(inputs).float())
        loss = functional.cross_entropy(
            self.head.penalised(logits, targets),
            targets,
            label_smoothing=self._settings.label_smoothing,
        )
        self._optimiser.zero_grad()
        self._scaler.scale(loss).backward()
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._schedule.step()
        right = (logits.argmax(1) == targets).sum()
        return torch.stack([loss.detach().double() * len(targets), right.double()])

    def _outputs(self, inputs: Tensor) -> Tensor:
        try:
            with torch.autocast(self._device.type, self.dtype, enabled=self.dtype != torch.float32):
                outputs: Tensor = self.network(inputs)
        except Exception as error:  # the user's network may raise anything, batch norm of one image
            raise MintError(
                f"The architecture cannot be trained on {len(inputs)} images at once ({error}): give another "
                "--batch-size, or choose another one."
            ) from error
        _refuse_other_outputs(outputs)
        return outputs

    def _refuse_what_is_not_finite(self, tally: Tensor) -> None:
        if not math.isfinite(tally[0].item()):
            raise MintError(
                f"The loss is not finite any more in epoch {len(self.history) + 1}: give a lower --learning-rate than "
                f"{self._settings.learning_rate}, and check --mean and --std."
            )

    def _gpu_state(self) -> Tensor | None:
        return torch.cuda.get_rng_state(self._device) if self._device.type == "cuda" else None


def _cut(order: Tensor, batch_size: int) -> list[Tensor]:
    """Cut into batches; a last image alone joins the batch before, since batch norm cannot learn from one."""
    batches = list(order.split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _generator() -> torch.Generator:
    seed = torch.empty((), dtype=torch.int64).random_().item()
    return torch.Generator().manual_seed(int(seed))


def _set_dropout(network: nn.Module, rate: float | None) -> None:
    if rate is None:
        return
    layers = [module for module in network.modules() if isinstance(module, _DropoutNd)]
    if rate and not layers:
        raise MintError("This architecture has no dropout layers: leave out --dropout.")
    for layer in layers:
        layer.p = rate


def _refuse_other_outputs(outputs: object) -> None:
    if not isinstance(outputs, Tensor) or outputs.ndim != 2:
        raise MintError(
            "While it is trained, this architecture does not give one row of numbers an image: choose another one."
        )
