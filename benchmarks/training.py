"""Training beside a bare loop: the same network, images, batches and optimiser, with the images in memory.

    python -m benchmarks.training [--data FOLDER] [--json FILE] [--arch ARCH] [--images N] [--repeats N]
                                  [--device DEVICE]

The bare loop is forward, backward and step on normalised float32 batches that lie ready on the
device. Training has to shuffle, gather, augment and normalise beside it, to count what it saw, to
report, and to write a checkpoint after the epoch. Each figure is the best epoch of some, taken in
turns. CIFAR-10 is read from the folder of ``--data`` where it is there, otherwise images are noise.
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.measurement import Measured, best_seconds, machine, table, write_json, written
from benchmarks.near_duplicate_images import cifar10
from benchmarks.shared_data import SHARED
from mintcore.datasets.registration import add_dataset
from mintcore.devices import choose_device
from mintcore.models.preprocessing import Preprocessing
from mintcore.progress import SilentReporter
from mintcore.training.checkpoints import Checkpoint
from mintcore.training.course import Course
from mintcore.training.examples import load_examples
from mintcore.training.optimisation import autocast_dtype
from mintcore.training.pixels import DecodedPixels, KeptPixels, Pixels
from mintcore.training.requests import TrainingRequest
from mintcore.training.run import Task, begin
from mintcore.training.settings import CROP_FLIP, NONE, TrainingSettings
from store.artefacts import Home

SIDE_PX = 32
RGB = Preprocessing((SIDE_PX, SIDE_PX), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
AIM = 0.9
UNIT = "images/s"
MANY_EPOCHS = 10_000
BARE, PLAIN = "bare loop", "training, images kept"
AUGMENTED, DECODED = "training, images kept, crop-flip", "training, images decoded each time"


def images(data: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Give images (N, 32, 32, 3) uint8 and labels (N,) text; of CIFAR-10 at most all there are."""
    pictures = cifar10(data, "train")
    if pictures is None:
        rng = np.random.default_rng(0)
        noise = rng.integers(0, 256, (count, SIDE_PX, SIDE_PX, 3), np.uint8)
        return noise, (np.arange(count) % 10).astype(str)
    labels = np.load(data / "cifar10" / "labels.npz")["train"]
    return pictures[:count], labels[:count].astype(str)


class Trainings:
    """Makes trainings of one dataset that go on for ever.

    Args:
        folder: For the home folder.
        arch: The architecture.
        pictures: Images and labels, as ``images`` gives them.
        device: Where.
    """

    def __init__(
        self,
        folder: Path,
        arch: str,
        pictures: tuple[np.ndarray, np.ndarray],
        device: torch.device,
    ) -> None:
        self.home, self._arch, self._device = Home(folder / "home"), arch, device
        pixels, labels = pictures
        np.savez(folder / "images.npz", images=pixels, label=labels)
        add_dataset(self.home, "images", f"arrays:{folder / 'images.npz'}", "member")
        self.examples = load_examples(self.home, ["images"], "member", "label")

    def begin(self, augment: str) -> Course:
        """Begin a training."""
        settings = TrainingSettings(epochs=MANY_EPOCHS, augment=augment)
        request = TrainingRequest("net", self._arch, ("images",), RGB, settings=settings)
        return begin(Task(request, self.examples, {}, None), self._device)

    def epoch(self, augment: str, pixels: Pixels) -> Callable[[], None]:
        """Give what trains for one epoch and writes its checkpoint."""
        course = self.begin(augment)
        epochs = course.epochs(pixels, SilentReporter())
        checkpoint = Checkpoint(self.home, augment, {})

        def train() -> None:
            next(epochs)
            checkpoint.save(course.state())

        return train

    def bare(self, pixels: Pixels) -> Callable[[], None]:
        """Give the bare loop over the same images."""
        course = self.begin(NONE)
        positions = torch.arange(len(self.examples)).split(TrainingSettings().batch_size)
        layout = torch.channels_last if self._device.type == "cuda" else torch.contiguous_format
        batches = [
            RGB.normalise(batch).contiguous(memory_format=layout)
            for batch in pixels.batches(positions)
        ]
        targets = torch.from_numpy(self.examples.classes).to(self._device)
        targets_of = [targets[chosen.to(self._device)] for chosen in positions]
        optimiser = torch.optim.SGD(
            course.network.parameters(), 0.1, 0.9, weight_decay=5e-4, nesterov=True
        )
        return partial(
            _bare_epoch, course.network, optimiser, list(zip(batches, targets_of, strict=True))
        )


def _bare_epoch(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    batches: list[tuple[torch.Tensor, torch.Tensor]],
) -> None:
    device = batches[0][0].device
    dtype = autocast_dtype(device)
    network.train()
    for inputs, targets in batches:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = network(inputs)
        loss = nn.functional.cross_entropy(logits.float(), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    loss.item()  # waits for a GPU


def measure(trainings: Trainings, device: torch.device, repeats: int) -> list[Measured]:
    """Measure all in turns."""
    kept = KeptPixels(trainings.examples, RGB, device, SilentReporter())
    decoded = DecodedPixels(trainings.examples, RGB, device)
    seconds = best_seconds(
        {
            BARE: trainings.bare(kept),
            PLAIN: trainings.epoch(NONE, kept),
            AUGMENTED: trainings.epoch(CROP_FLIP, kept),
            DECODED: trainings.epoch(NONE, decoded),
        },
        repeats,
    )
    speeds = {what: len(trainings.examples) / taken for what, taken in seconds.items()}
    bare = speeds.pop(BARE)
    return [
        Measured(BARE, bare, UNIT),
        *(
            Measured(
                what,
                speed,
                UNIT,
                ratio=speed / bare,
                aim=AIM if what in (PLAIN, AUGMENTED) else None,
                beside=f"{BARE} {written(bare, UNIT)}",
            )
            for what, speed in speeds.items()
        ),
    ]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--arch", default="mintcore:resnet20-cifar")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder with cifar10")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    device = choose_device(given.device)
    with tempfile.TemporaryDirectory() as folder:
        pictures = images(given.data, given.images)
        trainings = Trainings(Path(folder), given.arch, pictures, device)
        rows = measure(trainings, device, given.repeats)
    on = machine(["torch", "numpy"])
    sizes = f"{given.arch}, {given.images} images, {device.type}"
    print(f"{sizes}\n\n{table(rows)}\n\n{on}")
    if given.json:
        write_json(given.json, on, rows, sizes)


if __name__ == "__main__":
    main()
