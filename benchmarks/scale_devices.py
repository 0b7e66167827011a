"""How fast a worker is: what is measured on this machine, and what is assumed of a GPU, openly."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.extraction_inputs import MEAN, STD, add_arrays, add_jpegs, crops
from benchmarks.scale_workloads import MAP_SIDE, SIDE, network
from mintcore.extraction.decoding import decoded_ahead
from mintcore.extraction.images import listing_images
from mintcore.extraction.requests import ExtractionRequest
from mintcore.extraction.run import extract_datasets
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from mintcore.protocols.data import DataFolder, lfw
from mintcore.protocols.faces import PUBLIC_INPUT, PUBLIC_WEIGHTS
from store.activations import array_folder
from store.artefacts import Home
from store.feature_store import open_store

BACKWARD = 3
"""A step of training costs about three forwards."""


@dataclass(frozen=True)
class Published:
    """How fast others train a network on GPUs.

    Attributes:
        arch: Our name of the network.
        images_s: Images a second, all GPUs together.
        gpus: How many.
        peak_flops: Of each, by its data sheet, in the type that they used.
        source: Where it is told.
    """

    arch: str
    images_s: float
    gpus: int
    peak_flops: float
    source: str

    @property
    def utilisation(self) -> float:
        """What share of the peak that is, by our count of the operations."""
        flops = network(self.arch)[-1].flops or 0
        return BACKWARD * flops * self.images_s / self.gpus / self.peak_flops


ARCFACE = Published(
    "mintcore:iresnet50",
    5_300.0,
    8,
    125e12,
    "insightface, recognition/arcface_torch/docs/speed_benchmark.md: ResNet-50, 8 Tesla V100, mixed precision, "
    "partial FC 0.1",
)


@dataclass(frozen=True)
class Gpu:
    """A GPU that nobody has measured here.

    Attributes:
        name: Its name.
        peak_flops: By its data sheet, bfloat16 on tensor cores without sparsity.
        utilisation: What share of that a network of small convolutions reaches: assumed.
        lowest: The least that is likely.
        highest: The most that is likely.
    """

    name: str
    peak_flops: float
    utilisation: float
    lowest: float
    highest: float

    def images_s(self, flops: int, utilisation: float | None = None) -> float:
        """Give images a second of a network."""
        return self.peak_flops * (utilisation or self.utilisation) / flops


A100 = Gpu("NVIDIA A100", 312e12, utilisation=0.2, lowest=0.1, highest=0.4)


@dataclass(frozen=True)
class Jpegs:
    """Aligned faces as files.

    Attributes:
        bytes: Of one, on average.
        images_s: How many one processor core decodes, resizes and hashes a second.
    """

    bytes: float
    images_s: float


def measure_jpegs(count: int = 2048) -> Jpegs:
    """Decode JPEG files of 112 pixels a side with one thread."""
    preprocessing = Preprocessing((SIDE, SIDE), MEAN, STD)
    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(place))
        files = add_jpegs(home, "faces", crops(count, SIDE))
        size = sum(file.stat().st_size for file in files.iterdir()) / count
        with listing_images(home, ["faces"]) as images:
            (window,) = images.windows()
        begun = time.perf_counter()
        for _ in decoded_ahead(preprocessing, window.uris, 64, workers=1):
            pass
        return Jpegs(size, count / (time.perf_counter() - begun))


def measure_map_share(data: Path, count: int = 512) -> float | None:
    """Tell what zstd leaves of the maps of a trained face network on real faces; None where they are absent."""
    weights = data / PUBLIC_WEIGHTS
    if not (weights.is_file() and (data / "lfw112").is_dir()):
        return None
    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(place))
        add_arrays(home, "faces", lfw(DataFolder(data)).shuffled(0).images[:count])
        add_model(home, "faces", "mintcore:mobilefacenet", weights, PUBLIC_INPUT)
        request = ExtractionRequest("faces", ("faces",), views=("map",), map_side=MAP_SIDE)
        made = extract_datasets(home, request, device="cpu", reporter=SilentReporter())
        store = open_store(home.folder("stores", made.store))
        stored = sum(_file_bytes(store.folder, key) for key in made.arrays)
        return stored / sum(count * spec.row_bytes for spec in store.specs().values())


def _file_bytes(folder: Path, key: str) -> int:
    files = (file for file in array_folder(folder, key).rglob("*") if file.is_file())
    return sum(file.stat().st_size for file in files if file.name != "zarr.json")
