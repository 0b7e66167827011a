"""Auditors: a sweep beside the same trainings one after another, one beside scikit-learn, coverage of intervals.

    python -m benchmarks.auditors [--only PART ...] [--json FILE] [--epochs N] [--rounds N] [--repeats N]
                                  [--device DEVICE]

Parts are ``sweep``, ``vanilla`` and ``intervals``. Activations are synthetic, the store is real. The sides of a
comparison take turns, and the best of each counts. Activations have been read before the time begins; a rival's are
standardised and on the device as well, ours not. A rival is given one thread or all, whichever is quicker. Nothing
stops early, so that all sides go through as many epochs.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks import coverage
from benchmarks.auditor_exercises import RESNET56_WIDTHS, Sizes, SyntheticLayers
from benchmarks.auditor_rivals import pytorch_loop, quickest_threads, scikit_learn
from benchmarks.measurement import Measured, best_seconds, machine, table, write_json, written
from mintcore.auditors.fitting import FitSettings, Fitted, fit_together, score_values
from mintcore.devices import choose_device
from mintcore.evaluation.advantage import advantage
from mintcore.evaluation.intervals import auc_interval
from mintcore.evaluation.roc import auc

SWEEP, VANILLA, INTERVALS = PARTS = ("sweep", "vanilla", "intervals")
SEEDS = (0, 1, 2)
SWEEP_AIMS = {"cpu": 3.0, "cuda": 10.0}
VANILLA_AIM = 2.0
UNIT = "epochs/s"
VANILLA_EPOCHS = 4
"""Times those of the sweep."""
LOOP, ALONE = "PyTorch's loop", "ours one by one"
TOGETHER = "ours in one pass"
SCIKIT_LEARN, OURS = "scikit-learn's MLPClassifier", "our Vanilla auditor"


class Sweep:
    """The Vanilla auditors of all layers and seeds, trained in three ways.

    Args:
        layers: What they learn from.
        settings: How.
        device: Where.
    """

    def __init__(
        self, layers: SyntheticLayers, settings: FitSettings, device: torch.device
    ) -> None:
        self._settings, self._device = settings, device
        self._exercises = [layers.exercise(layer) for layer in range(layers.count)]
        self.aim = SWEEP_AIMS[device.type]
        self.trainings = layers.count * len(SEEDS)
        self.epochs = self.trainings * settings.epochs
        targets = torch.from_numpy(layers.is_member.astype(np.float32)).to(device)
        inputs = [torch.from_numpy(layers.standardised(i)).to(device) for i in range(layers.count)]
        train, validation, _ = layers.sizes.parts
        self._ready = [
            ((values[train], targets[train]), (values[validation], targets[validation]))
            for values in inputs
        ]
        briefly = replace(settings, epochs=1)
        self._threads = quickest_threads(lambda: pytorch_loop(*self._ready[-1], briefly, 0))
        self.loop_aucs: list[float] = []
        self.fitted_alone: list[Fitted] = []
        self.fitted_together: list[Fitted] = []

    def loop(self) -> None:
        """Train one after another with PyTorch."""
        with threadpool_limits(self._threads):
            self.loop_aucs = [
                pytorch_loop(*ready, self._settings, seed)
                for ready, seed in product(self._ready, SEEDS)
            ]

    def alone(self) -> None:
        """Train one after another as ours are trained."""
        each = product(range(len(self._exercises)), SEEDS)
        self.fitted_alone = [self._fit([layer], [seed])[0] for layer, seed in each]

    def together(self) -> None:
        """Train all in one pass."""
        self.fitted_together = self._fit(range(len(self._exercises)), SEEDS)

    def greatest_difference(self) -> float:
        """Greatest difference of a validation AUC of any epoch between alone and together."""
        alone, together = (
            np.array([epoch.validation_auc for fitted in side for epoch in fitted.history])
            for side in (self.fitted_alone, self.fitted_together)
        )
        return float(np.abs(alone - together).max())

    def mean_best_auc(self) -> float:
        """Mean of the best validation AUC of each of ours."""
        return float(np.mean([_best_auc(fitted) for fitted in self.fitted_alone]))

    def _fit(self, layers: Sequence[int], seeds: Sequence[int]) -> list[Fitted]:
        return fit_together(
            [self._exercises[layer] for layer in layers],
            settings=self._settings,
            seeds=seeds,
            device=self._device,
            on_epoch=lambda *_: None,
        )


def measure_sweep(sweep: Sweep, repeats: int) -> list[Measured]:
    """Measure the three ways in turns."""
    seconds = best_seconds(
        {LOOP: sweep.loop, ALONE: sweep.alone, TOGETHER: sweep.together}, repeats
    )
    speed = {what: sweep.epochs / taken for what, taken in seconds.items()}
    same = f"validation AUC differs by at most {sweep.greatest_difference():.1e}"
    quality = f"mean best AUC {sweep.mean_best_auc():.4f} beside {np.mean(sweep.loop_aucs):.4f}"
    return [
        Measured(LOOP, speed[LOOP], UNIT, note=f"{sweep.trainings} trainings"),
        _over(ALONE, LOOP, speed, None, quality),
        _over(TOGETHER, LOOP, speed, sweep.aim, ""),
        _over(TOGETHER, ALONE, speed, sweep.aim, same),
    ]


def _over(
    what: str, beside: str, speed: Mapping[str, float], aim: float | None, note: str
) -> Measured:
    """Give the row of one way of training beside another."""
    ratio, other = speed[what] / speed[beside], f"{beside} {written(speed[beside], UNIT)}"
    return Measured(f"{what} over {beside}", speed[what], UNIT, ratio, aim, note, other)


def measure_vanilla(
    layers: SyntheticLayers, settings: FitSettings, device: torch.device, repeats: int
) -> list[Measured]:
    """Measure one training of the last layer and scikit-learn's in turns, and both on the test part."""
    last, (train, validation, test) = layers.count - 1, layers.sizes.parts
    learned = slice(train.start, validation.stop)
    share = layers.sizes.validation / (layers.sizes.train + layers.sizes.validation)
    values, exercise = layers.standardised(last), layers.exercise(last)
    found: dict[str, np.ndarray] = {}

    def rival(epochs: int) -> None:
        given = replace(settings, epochs=epochs)
        network = scikit_learn(values[learned], layers.is_member[learned], share, given, 0)
        found[SCIKIT_LEARN] = network.predict_proba(values[test])[:, 1]

    def ours() -> None:
        [fitted] = fit_together(
            [exercise],
            settings=settings,
            seeds=[0],
            device=device,
            on_epoch=lambda *_: None,
        )
        found[OURS] = score_values(fitted.network, layers.values(last)[test])[:, 0]

    threads = quickest_threads(partial(rival, 1))
    actions = {SCIKIT_LEARN: _in_threads(threads, partial(rival, settings.epochs)), OURS: ours}
    seconds = best_seconds(actions, repeats)
    is_member = layers.is_member[test]
    ahead = advantage(found[OURS], [found[SCIKIT_LEARN]], is_member)
    low, high = ahead.interval
    difference = f"difference {ahead.value:+.4f} ({low:+.4f} to {high:+.4f})"
    speed = {what: settings.epochs / taken for what, taken in seconds.items()}
    area = {what: _area(scores, is_member) for what, scores in found.items()}
    return [
        Measured(SCIKIT_LEARN, speed[SCIKIT_LEARN], UNIT, note=area[SCIKIT_LEARN]),
        _over(OURS, SCIKIT_LEARN, speed, VANILLA_AIM, f"{area[OURS]}; {difference}"),
    ]


def _in_threads(threads: int, action: Callable[[], None]) -> Callable[[], None]:
    def limited() -> None:
        with threadpool_limits(threads):
            action()

    return limited


def _best_auc(fitted: Fitted) -> float:
    """Mean over seeds of the best validation AUC."""
    seeds = {epoch.seed for epoch in fitted.history}
    best = [max(e.validation_auc for e in fitted.history if e.seed == seed) for seed in seeds]
    return float(np.mean(best))


def _area(scores: np.ndarray, is_member: np.ndarray) -> str:
    low, high = auc_interval(scores[is_member], scores[~is_member])
    return f"test AUC {auc(scores[is_member], scores[~is_member]):.4f} ({low:.4f} to {high:.4f})"


def measure_speed(given: argparse.Namespace, device: torch.device) -> list[Measured]:
    """Measure the sweep and the one training, where they are asked for."""
    rows: list[Measured] = []
    sizes = Sizes(given.train, given.validation, given.test)
    settings = FitSettings(epochs=given.epochs, patience=given.epochs)
    epochs = VANILLA_EPOCHS * given.epochs
    longer = replace(settings, epochs=epochs, patience=epochs)
    with tempfile.TemporaryDirectory() as folder:
        layers = SyntheticLayers(Path(folder), RESNET56_WIDTHS[-given.layers :], sizes)
        if SWEEP in given.only:
            rows += measure_sweep(Sweep(layers, settings, device), given.repeats)
        if VANILLA in given.only:
            rows += measure_vanilla(layers, longer, device, given.repeats)
    return rows


def main() -> None:
    """Measure, and print the tables."""
    given = _options()
    device = choose_device(given.device)
    on = machine(["torch", "numpy", "scipy", "scikit-learn"])
    rows = measure_speed(given, device)
    covered = coverage.measure(given.rounds) if INTERVALS in given.only else []
    rows += coverage.summary(covered)
    sizes = (
        f"{given.layers} layers, {given.train} images, {device.type}; {given.rounds} experiments"
    )
    print(f"{sizes}\n\n{table(rows)}\n")
    if covered:
        print(f"{coverage.table(covered)}\n")
    print(on)
    if given.json:
        write_json(given.json, on, rows, sizes, coverage=[asdict(each) for each in covered])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--layers", type=int, default=len(RESNET56_WIDTHS), help="the last ones")
    parser.add_argument("--train", type=int, default=10_000, help="images")
    parser.add_argument("--validation", type=int, default=3_000, help="images")
    parser.add_argument("--test", type=int, default=7_000, help="images")
    parser.add_argument("--epochs", type=int, default=5, help="one training takes 4 times as many")
    parser.add_argument("--rounds", type=int, default=2000, help="of a simulated experiment")
    parser.add_argument("--repeats", type=int, default=2, help="of a side; the best counts")
    parser.add_argument("--device", default="auto")
    return parser.parse_args()


if __name__ == "__main__":
    main()
