"""Audits of an image and of a dataset beside the bare forward pass of what the models are shown for them."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch

from benchmarks.extraction_inputs import add_arrays, add_fresh_model
from benchmarks.image_audit import queries_of
from mintcore.audit import audit_dataset
from mintcore.datasets.registration import add_dataset
from mintcore.extraction.batches import choose_batch
from mintcore.extraction.one_image import AT_ONCE
from mintcore.image_audit import ImageAuditor, audit_images, load_image_auditor
from mintcore.models.registration import load_model
from mintcore.progress import SilentReporter
from mintcore.sweep import SweepRequest, sweep
from store.artefacts import Home

SIDE = 32
LEARNED_FROM = 200
SHOWN = 32
"""Images that are audited one by one."""
BARE, WHOLE = "bare forward pass", "all of it"
STORED = "of that, all but extraction"

_ASKED = {"vanilla": "layer3.2", "joint": "all"}
"""Kind of auditor -> the layers it reads."""

Actions = dict[str, Callable[[], object]]


class Audits:
    """A home folder with a ResNet-20 and two auditors of it: one of a single layer, and a joint one.

    Args:
        folder: Where.
        count: Images of the datasets that are audited.
        repeats: How often; each time it is another dataset, whose images no store has.
        asked: Kind of auditor -> the layers it reads.
    """

    def __init__(
        self, folder: Path, count: int, repeats: int, asked: Mapping[str, str] = _ASKED
    ) -> None:
        self.home, self._count, self._folder = Home(folder / "home"), count, folder
        wanted = 2 * LEARNED_FROM + (repeats + 1) * count
        pictures = noise(wanted)
        self._shown = pictures[-SHOWN:]
        self.home.path.mkdir()
        add_fresh_model(self.home, "model", "mintcore:resnet20-cifar", SIDE, 10, autocast=None)
        sides = {
            "member": pictures[:LEARNED_FROM],
            "external": pictures[LEARNED_FROM:][:LEARNED_FROM],
        }
        for membership, images in sides.items():
            file = folder / f"{membership}.npz"
            np.savez(file, images=images)
            add_dataset(self.home, membership, f"arrays:{file}", membership)
        self._datasets = [f"audited-{number}" for number in range(repeats + 1)]
        for number, name in enumerate(self._datasets):
            start = 2 * LEARNED_FROM + number * count
            add_arrays(self.home, name, pictures[start : start + count])
        self._auditors = {kind: self._auditor(layers, kind) for kind, layers in asked.items()}

    def of_an_image(self) -> dict[str, tuple[Actions, int]]:
        """Give the audit of an image and its floor for each kind of auditor, with the versions that are shown."""
        found = {}
        for kind, name in self._auditors.items():
            auditor = load_image_auditor(self.home, name, device="cpu")
            queries = queries_of(auditor)
            images = cycle(self._shown)
            actions: Actions = {
                BARE: partial(_bare, auditor, images, queries),
                WHOLE: partial(_audit, auditor, images),
            }
            found[kind] = (actions, queries)
        return found

    def of_a_dataset(self) -> Actions:
        """Give the audit of a dataset of new images, one of images that are stored already, and the floor."""
        new = iter(self._datasets)
        last = self._datasets[-1]
        model = load_model(self.home, "model")
        pixels = torch.from_numpy(noise(self._count).transpose(0, 3, 1, 2).copy())

        def bare() -> None:
            with torch.inference_mode():
                for _ in range(2):  # the audited model, and its twin with fresh weights
                    for batch in pixels.split(choose_batch(model)):
                        values = model.preprocessing.normalise(batch)
                        model.module(values.contiguous(memory_format=torch.channels_last))

        def again() -> None:
            shutil.rmtree(self.home.path / "audits")
            self._audit_dataset(self._datasets[0])

        return {
            BARE: bare,
            WHOLE: lambda: self._audit_dataset(next(new, last)),
            STORED: again,
        }

    def _audit_dataset(self, dataset: str) -> None:
        audit_dataset(
            self.home, self._auditors["vanilla"], dataset, device="cpu", reporter=SilentReporter()
        )

    def _auditor(self, layers: str, kind: str) -> str:
        request = SweepRequest("model", "member", "external", layers=layers, kinds=(kind,), seeds=1)
        (card,) = sweep(self.home, request, device="cpu", reporter=SilentReporter())
        name: str = card["id"]
        return name


def noise(count: int) -> np.ndarray:
    """Give images (N, 32, 32, 3) uint8 of which no two are alike."""
    return np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def _bare(auditor: ImageAuditor, images: Iterator[np.ndarray], queries: int) -> None:
    """Run the bare model on as many images as an audit shows it, as many at once."""
    waiting = islice(images, queries)
    with torch.inference_mode():
        while batch := list(islice(waiting, AT_ONCE)):
            pixels = torch.from_numpy(np.stack(batch).transpose(0, 3, 1, 2).copy())
            values = auditor.model.preprocessing.normalise(pixels)
            auditor.model.module(values.contiguous(memory_format=torch.channels_last))


def _audit(auditor: ImageAuditor, images: Iterator[np.ndarray]) -> None:
    audit_images(auditor, [("image", next(images))])
