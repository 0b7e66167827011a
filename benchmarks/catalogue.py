"""The benchmarks that ``python -m benchmarks`` runs, with sizes that keep the whole under 20 minutes on two cores."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.shared_data import WEIGHTS
from mintcore.errors import MintError

CPU = "cpu"
NOISE, NOISY = 0.15, 0.25
"""By this share a ratio can differ between two runs on one machine with nothing changed: most, and those of what takes
milliseconds or waits for the disk."""


@dataclass(frozen=True)
class Given:
    """What a full run is given.

    Attributes:
        data: Folder of real images and weights.
        device: Where models run.
    """

    data: Path
    device: str


Lack = Callable[[Given], str | None]
"""Says what is not there that a benchmark needs; None where it is."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark, and how the full run calls it.

    Attributes:
        module: What is run, by its full name.
        options: Its sizes, where they are not the usual ones.
        smaller: What is smaller than usual, in words.
        lack: What may not be there.
        reads_data: Whether it is told where the real images are.
        uses_device: Whether it is told where models run.
        noise: By what share a ratio of it differs from run to run.
    """

    module: str
    options: tuple[str, ...] = ()
    smaller: str = ""
    lack: Lack = lambda _: None
    reads_data: bool = False
    uses_device: bool = False
    noise: float = NOISE

    @property
    def name(self) -> str:
        """What people call it."""
        return self.module.rpartition(".")[2]

    def lacking(self, given: Given) -> str | None:
        """Say what is not there that it needs; None where all is."""
        return self.lack(given) or (_no_device(given) if self.uses_device else None)

    def settings(self, given: Given) -> list[str]:
        """Give the options that decide about its figures."""
        return [*self.options, *(["--device", given.device] if self.uses_device else [])]

    def command(self, given: Given) -> list[str]:
        """Give all its options but ``--json``."""
        data = ["--data", str(given.data.resolve())] if self.reads_data else []
        return self.settings(given) + data


def _no_device(given: Given) -> str | None:
    if given.device == CPU:
        return None
    from mintcore.devices import choose_device  # noqa: PLC0415 - imports PyTorch

    try:
        choose_device(given.device)
    except MintError as error:
        return str(error)
    return None


def no_weights(given: Given) -> str | None:
    """Say whether the public ResNet-56 is missing."""
    file = given.data / WEIGHTS
    if file.is_file():
        return None
    return f"{file} is not there: give the folder of the data with --data."


def no_object_storage(_: Given) -> str | None:
    """Say whether there is no client or no server of S3."""
    absent = [name for name in ("obstore", "moto") if find_spec(name) is None]
    if not absent:
        return None
    return f"{' and '.join(absent)} cannot be imported: pip install '.[test]' brings them."


def no_chromium(_: Given) -> str | None:
    """Say whether there is no browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return None if found else "There is no chromium on this machine: apt-get install chromium."


BENCHMARKS = (
    Benchmark("benchmarks.store", noise=NOISY),
    Benchmark("benchmarks.object_store", lack=no_object_storage, noise=NOISY),
    Benchmark("benchmarks.index", ("--rows", "2000000"), "2 million images, not 22"),
    Benchmark("benchmarks.near_duplicates", reads_data=True),
    Benchmark(
        "benchmarks.extraction",
        ("--scale", "0.25", "--repeats", "2"),
        "a quarter of the images, 2 repeats, not 3",
        uses_device=True,
    ),
    Benchmark(
        "benchmarks.training",
        ("--repeats", "2"),
        "2 repeats, not 3",
        reads_data=True,
        uses_device=True,
    ),
    Benchmark(
        "benchmarks.auditors",
        ("--repeats", "1"),
        "1 repeat, not 2",
        uses_device=True,
    ),
    Benchmark(
        "benchmarks.image_audit",
        ("--images", "200"),
        "200 + 200 images, not 600 + 600",
        no_weights,
        reads_data=True,
        noise=NOISY,
    ),
    Benchmark(
        "benchmarks.dashboard",
        ("--extent", "small", "--sessions", "4", "--seconds", "30"),
        "a small home folder; 4 people for 30 s, not 10 for 120 s",
        no_chromium,
        noise=NOISY,
    ),
    Benchmark(
        "benchmarks.floors",
        ("--images", "1024", "--repeats", "1"),
        "1,024 images, not 2,048, 1 turn, not 2",
        reads_data=True,
        noise=NOISY,
    ),
    Benchmark(
        "benchmarks.scale",
        ("--images", "2048", "--repeats", "1", "--index-rows", "500000"),
        "2,048 images by real workers, not 8,188, 1 repeat, not 2",
        reads_data=True,
        noise=NOISY,
    ),
)
