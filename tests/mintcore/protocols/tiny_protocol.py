"""A protocol of seconds with a step of each kind, as a program that can be told to kill itself: HOME [STEPS]."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from mintcore.auditors.fitting import FitSettings
from mintcore.models.preprocessing import Preprocessing
from mintcore.progress import SilentReporter
from mintcore.protocols.bench import Bench
from mintcore.protocols.data import DataFolder, Pictures
from mintcore.protocols.marks import marks_of
from mintcore.protocols.protocol import Outcome, Protocol, perform
from mintcore.protocols.steps import Experiment, accuracy_of, against_methods
from mintcore.training.ground_truth import train_model
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ADAMW, TrainingSettings
from store.artefacts import Card, Home

GREY = Preprocessing((8, 8), mean=(0.3,), std=(0.35,))
EACH = 150
SHORT = FitSettings(epochs=3)


@dataclass(frozen=True)
class Tiny:
    """The definition."""

    epochs: int = 2


class Killed(BaseException):
    """Ends a run wherever it is."""


class Mortal(SilentReporter):
    """Kills its process, or ends the run, when it is told of the ``last`` thing."""

    def __init__(self, last: int, *, real: bool = True) -> None:
        self.told, self._last, self._real = 0, last, real

    def stage(self, name: str, total: int) -> None:
        self._count()

    def advance(self, steps: int = 1) -> None:
        self._count()

    def measure(self, values: Mapping[str, float | str]) -> None:
        self._count()

    def _count(self) -> None:
        self.told += 1
        if self.told == self._last and self._real:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.told == self._last:
            raise Killed


def digits(part: int) -> Pictures:
    loaded = load_digits()
    images = np.round(loaded.images * (255 / 16)).astype(np.uint8)
    labels = loaded.target.astype(str)
    return Pictures(images, {"label": labels})[part * EACH : (part + 1) * EACH]


def run(bench: Bench, definition: Tiny) -> Outcome:
    members = bench.dataset("ins", "member", lambda: digits(0))
    external = bench.dataset("outs", "external", lambda: digits(1))
    others = bench.dataset("others", "external", lambda: digits(2))
    settings = TrainingSettings(definition.epochs, 50, 4e-3, ADAMW, weight_decay=0.0)
    for name, dataset, test in (("net", members, external), ("other-net", others, members)):
        request = TrainingRequest(
            name,
            "mintcore:object-cnn-small",
            (dataset,),
            GREY,
            None,
            settings,
            test,
        )
        train_model(bench.home, request, device="cpu", reporter=bench.reporter)
    experiment = Experiment("net", "other-net", members, external, seeds=1)
    rows = experiment.audited(bench, "output", settings=SHORT)
    rows += experiment.attacked(bench, ["other-net"], 2)
    sentences = [accuracy_of(bench.home, "net"), *against_methods(bench.home, rows)]
    return Outcome(rows, sentences, marks_of("net", rows))


PROTOCOL = Protocol("P0", "A tiny one", "Does it resume?", (), Tiny(), run)


def performed(home: Path, reporter: SilentReporter) -> Card:
    bench = Bench(Home(home), DataFolder(home), "cpu", reporter)
    return perform(bench, PROTOCOL)


if __name__ == "__main__":
    performed(Path(sys.argv[1]), Mortal(int(sys.argv[2])))
