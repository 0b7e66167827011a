"""Real extractions by several workers on this machine, beside what the simulation says of them."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.extraction_inputs import add_arrays
from benchmarks.near_duplicate_images import cifar10
from benchmarks.scale_driver import Planning, measured_driver
from benchmarks.scale_simulation import Driver, Site, Worker, simulate
from benchmarks.scale_workloads import Workload
from benchmarks.shared_data import WEIGHTS
from mintcore.extraction.paces import measured_paces
from mintcore.extraction.requests import ExtractionRequest, resolve
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from store.artefacts import Home

RGB = Preprocessing((32, 32), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
MODEL, ALL, FEW = "resnet56", "all", "few"
FEW_IMAGES = 64
IMAGES = 16_376
"""A little under 16,384, of which a store has eight blocks and not four."""
WORKERS = (1, 2, 4)
_MINT = "from mintcore.cli import main; main()"


@dataclass(frozen=True)
class Compared:
    """One number of workers.

    Attributes:
        workers: How many.
        start_s: What a run of a few images takes, from the command to its end.
        images_s: Images a second of each worker, from runs in one process.
        predicted_s: What the simulation says, with the start.
        measured_s: What the run took.
    """

    workers: int
    start_s: float
    images_s: float
    predicted_s: float
    measured_s: float

    @property
    def error(self) -> float:
        """By what share the prediction is too high."""
        return self.predicted_s / self.measured_s - 1

    def to_json(self) -> dict[str, Any]:
        """Give the fields and the error as JSON values."""
        return asdict(self) | {"error": self.error}


def lacking(data: Path) -> str | None:
    """Say what of the real model and images is not there."""
    for needed in (data / WEIGHTS, data / "cifar10"):
        if not needed.exists():
            return f"{needed} is not there: give the folder of the data with --data."
    return None


def compare(
    place: Path,
    data: Path,
    planning: Planning,
    *,
    images: int = IMAGES,
    workers: Sequence[int] = WORKERS,
    repeats: int = 2,
) -> list[Compared]:
    """Extract real images with a real model, by one process and by workers, and predict the latter from the former.

    Args:
        place: An empty folder.
        data: Folder of the public ResNet-56 and of CIFAR-10.
        planning: As measured here.
        images: How many are extracted.
        workers: The numbers of workers.
        repeats: Runs of each kind, in turns; the best counts.
    """
    cores = os.cpu_count() or 1
    home = _home(place, data, images)
    rates, seconds = _measure(home, workers, cores, repeats)
    workload = _workload(home, images)
    driver = measured_driver(workload, planning)
    return [
        beside(workload, driver, workers=count, cores=cores, rates=rates, seconds=seconds)
        for count in workers
    ]


def beside(
    workload: Workload,
    driver: Driver,
    *,
    workers: int,
    cores: int,
    rates: Mapping[int, float],
    seconds: Mapping[tuple[str, int], float],
) -> Compared:
    """Put what the simulation says beside what was measured.

    Args:
        workload: What was extracted.
        driver: As measured here.
        workers: How many; more than there are cores share them.
        cores: Of this machine.
        rates: Threads -> images a second of one process with so many.
        seconds: Of the runs, by dataset and workers; those of few images are the start.
    """
    images_s = rates[threads_of(workers, cores)] * min(1.0, cores / workers)
    course = simulate(workload, Site(workers, Worker(images_s), driver))
    start_s = seconds[FEW, workers]
    return Compared(workers, start_s, images_s, start_s + course.seconds, seconds[ALL, workers])


def threads_of(workers: int, cores: int) -> int:
    """Give how many processors each worker gets, as ``mintcore.cluster.crew`` has it."""
    return max(1, cores // workers)


def _measure(
    home: Home, workers: Sequence[int], cores: int, repeats: int
) -> tuple[dict[int, float], dict[tuple[str, int], float]]:
    """Give images a second by threads of one process, and seconds by dataset and workers."""
    rates: dict[int, float] = defaultdict(float)
    seconds: dict[tuple[str, int], float] = defaultdict(lambda: float("inf"))
    for _ in range(repeats):
        for threads in sorted({threads_of(count, cores) for count in workers}):
            _extract(home, ALL, "--workers", str(threads), threads=threads)
            pace = measured_paces(home)[-1]
            rates[threads] = max(rates[threads], pace.images / pace.seconds)
        for count in workers:
            for dataset in (FEW, ALL):
                taken = _extract(home, dataset, "--ray", f"local:{count}")
                seconds[dataset, count] = min(seconds[dataset, count], taken)
    return rates, seconds


def _home(place: Path, data: Path, images: int) -> Home:
    home = Home(place)
    pixels = cifar10(data, "train")
    if pixels is None:
        raise SystemExit(f"CIFAR-10 is not in {data}: nothing is measured.")
    place.mkdir(parents=True, exist_ok=True)
    add_arrays(home, ALL, pixels[:images])
    add_arrays(home, FEW, pixels[:FEW_IMAGES])
    add_model(home, MODEL, "mintcore:resnet56-cifar", data / WEIGHTS, RGB)
    return home


def _workload(home: Home, images: int) -> Workload:
    model, arrays = resolve(home, ExtractionRequest(MODEL, (ALL,), views=("pooled",)), "cpu")
    return Workload("ResNet-56, pooled", images, tuple(arrays), model.taps["output"].flops or 0)


def _extract(home: Home, dataset: str, *options: str, threads: int | None = None) -> float:
    """Run ``mint extract`` into a store that is not there yet; give its seconds."""
    shutil.rmtree(home.path / "stores", ignore_errors=True)
    command = [
        sys.executable,
        "-c",
        _MINT,
        "extract",
        MODEL,
        dataset,
        "--views",
        "pooled",
        "--json",
    ]
    settings = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    begun = time.perf_counter()
    ran = subprocess.run(  # noqa: S603 - our own interpreter and code
        [*command, "--device", "cpu", "--home", str(home.path), *options],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - begun
    if ran.returncode or not json.loads(ran.stdout)["computed"]:
        raise SystemExit(f"mint extract {dataset} {' '.join(options)} failed:\n{ran.stderr}")
    return taken
