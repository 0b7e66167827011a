"""How near extraction, training, a sweep and audits come to what they cannot be faster than.

    python -m benchmarks.floors [--json FILE] [--repeats N] [--images N] [--data FOLDER]

A floor is what has to be done in any case, and nothing else: the bare forward pass of the same images, a bare loop of
forward, backward and step, the matrix products of a sweep by themselves. Sides take turns, each is given one thread,
and the least processor time of each counts, so that what else runs on the machine counts little; what waits for the
disk does not count. The page of the dashboard beside an empty app is that of the last run of ``benchmarks.dashboard``.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.auditor_exercises import RESNET56_WIDTHS, Sizes, SyntheticLayers
from benchmarks.extraction_cases import ARRAYS, CASES, Bench
from benchmarks.extraction_inputs import add_arrays, add_fresh_model, crops
from benchmarks.floor_audits import WHOLE, Audits
from benchmarks.floor_products import Products
from benchmarks.measurement import Measured, machine, read_rows, table, write_json, written
from benchmarks.shared_data import SHARED
from benchmarks.training import NONE, RGB, Trainings, images
from mintcore.auditors.fitting import FitSettings, fit_together
from mintcore.models.registration import load_model
from mintcore.models.taps import choose_layers, reduce_taps
from mintcore.models.views import views
from mintcore.progress import SilentReporter
from mintcore.training.pixels import KeptPixels
from store.artefacts import Home

CPU = torch.device("cpu")
SEEDS = (0, 1, 2)
EPOCHS = 3
TRAINED_ON = 1000
FEW = 16
PART = "of that, "
PAGE_ROWS = ("first paint", "first heading", "all at rest")
_RESULTS = Path(__file__).parent / "results"
_MS = 1000

Actions = Mapping[str, Callable[[], object]]


def processor_seconds(actions: Actions, repeats: int) -> dict[str, float]:
    """Take the processor time of actions in turns, after one turn to warm up; the least of each counts."""
    least = dict.fromkeys(actions, float("inf"))
    for turn in range(repeats + 1):
        for name, action in actions.items():
            begun = time.process_time()
            action()
            if turn:
                least[name] = min(least[name], time.process_time() - begun)
    return least


def beside_floor(
    what: str, seconds: Mapping[str, float], count: int, unit: str, note: str = ""
) -> list[Measured]:
    """Give a line for each of some figures; the first is the floor, beside which the whole is set.

    Args:
        what: Begins what the lines are called.
        seconds: Figure -> processor time.
        count: How many things that time was for.
        unit: Name of one of these.
        note: Of the whole.
    """
    floor = next(iter(seconds))
    least = seconds[floor] * _MS / count
    beside = f"{floor} {written(least, f'ms {unit}')}"
    return [
        Measured(
            f"{what}: {name}",
            taken * _MS / count,
            f"ms {unit}",
            seconds[floor] / taken if name == WHOLE else None,
            note=note if name == WHOLE else "",
            beside=beside if name == WHOLE else "",
        )
        for name, taken in seconds.items()
    ]


def extraction(folder: Path, count: int, repeats: int) -> list[Measured]:
    """Extract the pooled view of 30 layers beside the bare forward pass."""
    case = replace(CASES[0], arrays=count)
    home = Home(folder)
    add_fresh_model(home, "model", case.arch, case.side, case.classes, autocast=None)
    add_arrays(home, ARRAYS, crops(count, case.side))
    bench = Bench(home, load_model(home, "model"), "cpu", repeats)
    batches = bench.decoded(ARRAYS)
    add_arrays(home, "few", crops(FEW, case.side))
    model = bench.model
    layers = [layer.name for layer in choose_layers(model, "all")]

    def tapped() -> None:
        for batch in batches:
            reduce_taps(
                model,
                model.preprocessing.normalise(batch.pixels),
                layers,
                lambda name, output: views(output, model.taps[name], "pooled", None).half(),
            )

    actions: Actions = {
        "bare forward pass": lambda: bench.forward(batches),
        f"bare, with the means of {len(layers)} layers": tapped,
        WHOLE: lambda: bench.extract(ARRAYS),
        f"{PART}reading and hashing": lambda: bench.decoded(ARRAYS),
        f"{PART}what a run of {FEW} images takes as well": lambda: bench.extract("few"),
    }
    return beside_floor(
        f"extraction, {case.title}",
        processor_seconds(actions, repeats),
        count,
        "an image",
    )


def training(folder: Path, data: Path, repeats: int) -> list[Measured]:
    """Train a ResNet-20 for an epoch beside a bare loop."""
    trainings = Trainings(folder, "mintcore:resnet20-cifar", images(data, TRAINED_ON), CPU)
    kept = KeptPixels(trainings.examples, RGB, CPU, SilentReporter())
    actions: Actions = {"bare loop": trainings.bare(kept), WHOLE: trainings.epoch(NONE, kept)}
    return beside_floor(
        "training, ResNet-20",
        processor_seconds(actions, repeats),
        TRAINED_ON,
        "an image",
    )


def sweep(folder: Path, repeats: int) -> list[Measured]:
    """Train the Vanilla auditors of 28 layers, three seeds each, beside the matrix products of it."""
    layers = SyntheticLayers(folder, RESNET56_WIDTHS, Sizes(train=4000, validation=1000, test=2))
    exercises = [layers.exercise(layer) for layer in range(layers.count)]
    settings = FitSettings(epochs=EPOCHS, patience=EPOCHS)

    def together() -> None:
        fit_together(
            exercises, settings=settings, seeds=SEEDS, device=CPU, on_epoch=lambda *_: None
        )

    products = Products(exercises, settings, SEEDS)
    actions: Actions = {"matrix products alone": products.run, WHOLE: together}
    trainings = len(exercises) * len(SEEDS)
    return beside_floor(
        f"sweep, {trainings} auditors",
        processor_seconds(actions, repeats),
        trainings * EPOCHS,
        "an epoch",
    )


def audits(folder: Path, count: int, repeats: int) -> list[Measured]:
    """Audit an image, and a dataset, beside the bare forward pass of what the model is shown for it."""
    ready = Audits(folder, count, repeats)
    rows = []
    for kind, (actions, queries) in ready.of_an_image().items():
        rows += beside_floor(
            f"audit of an image, {kind}",
            processor_seconds(actions, 5 * repeats),
            1,
            "an image",
            f"queries: {queries}",
        )
    return rows + beside_floor(
        "audit of a dataset",
        processor_seconds(ready.of_a_dataset(), repeats),
        1,
        f"for {count:,} images",
    )


def pages(results: Path) -> list[Measured]:
    """Give the page of the dashboard beside an empty app, as it was measured last."""
    rows = read_rows(json.loads((results / "dashboard.json").read_text(encoding="utf-8")))
    return [
        replace(row, what=f"page: {row.what}", aim=None) for row in rows if row.what in PAGE_ROWS
    ]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--data", type=Path, default=SHARED, help="folder with cifar10")
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place, name) for name in ("extraction", "training", "sweep", "audits")]
        for folder in folders:
            folder.mkdir()
        rows = [
            *extraction(folders[0], asked.images, asked.repeats),
            *training(folders[1], asked.data, asked.repeats),
            *sweep(folders[2], asked.repeats),
            *audits(folders[3], asked.images, asked.repeats),
            *pages(_RESULTS),
        ]
    on = f"{machine(['torch', 'numpy', 'zarr', 'duckdb'])}, one thread"
    print(f"{on}\n\n{table(rows)}")
    if asked.json:
        sizes = f"{asked.images:,} images, least of {asked.repeats} turns"
        write_json(asked.json, on, rows, sizes)


if __name__ == "__main__":
    main()
