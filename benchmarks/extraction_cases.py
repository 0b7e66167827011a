"""Models that extraction is measured with, and a home folder that holds one of them with its images."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mintcore.extraction.batches import choose_batch
from mintcore.extraction.decoding import Batch, decoded_ahead, default_workers
from mintcore.extraction.images import listing_images
from mintcore.extraction.requests import ExtractionRequest
from mintcore.extraction.run import extract_datasets
from mintcore.models.audited import AuditedModel
from mintcore.models.precision import Autocast
from mintcore.progress import SilentReporter
from store.artefacts import Home

ARRAYS, JPEGS = "arrays", "jpegs"


@dataclass(frozen=True)
class Case:
    """One model, and how many images go through it: decoded in one file, and as JPEG files."""

    title: str
    arch: str
    side: int
    classes: int | None
    arrays: int
    jpegs: int
    autocast: Autocast | None = None


CASES = (
    Case("ResNet-56, 32 px", "mintcore:resnet56-cifar", 32, 10, 50_000, 8192),
    Case("ResNet-18, 224 px", "torchvision:resnet18", 224, 1000, 1024, 1024),
)
GPU_CASES = (
    Case("ResNet-56, 32 px", "mintcore:resnet56-cifar", 32, 10, 400_000, 16_384),
    Case("ResNet-100, 112 px", "mintcore:iresnet100", 112, None, 50_000, 16_384, "bfloat16"),
    Case("ViT-B/16, 224 px", "torchvision:vit_b_16", 224, 1000, 16_384, 8192, "bfloat16"),
)


@dataclass(frozen=True)
class Bench:
    """A home folder with one model and the images of one case."""

    home: Home
    model: AuditedModel
    device: str
    repeats: int

    def extract(self, dataset: str, views: Sequence[str] = ("pooled",), **settings: object) -> None:
        """Extract a dataset into a store that is not there yet."""
        shutil.rmtree(self.home.path / "stores", ignore_errors=True)
        request = ExtractionRequest(
            self.model.name,
            (dataset,),
            views=tuple(views),
            **settings,  # type: ignore[arg-type]
        )
        extract_datasets(self.home, request, device=self.device, reporter=SilentReporter())

    def decoded(self, dataset: str) -> list[Batch]:
        """Decode a dataset as extraction does, all of it."""
        batch, workers = choose_batch(self.model), default_workers()
        with listing_images(self.home, [dataset]) as images:
            return [
                decoded
                for window in images.windows()
                for decoded in decoded_ahead(self.model.preprocessing, window.uris, batch, workers)
            ]

    def forward(self, batches: Sequence[Batch]) -> None:
        """Run the bare model over decoded batches."""
        with torch.inference_mode():
            for batch in batches:
                pixels = self.model.preprocessing.normalise(batch.pixels.to(self.model.device))
                self.model.module(pixels.contiguous(memory_format=torch.channels_last))
        if self.model.device.type == "cuda":
            torch.cuda.synchronize(self.model.device)
