"""Simulated coverage of the intervals that are printed: how often they hold a truth that is known."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.coverage_experiments import Experiment, experiments
from benchmarks.measurement import Measured

NOMINAL = 0.95
AIM = 0.015


@dataclass(frozen=True)
class Coverage:
    """How often an interval held the truth.

    Attributes:
        interval: Of which figure.
        setting: In which experiment.
        rounds: How often it was measured.
        covered: Share of the rounds in which it held the truth.
        error: Standard error of that share, from the simulation.
        note: Why it may be above nominal; empty where it may not.
    """

    interval: str
    setting: str
    rounds: int
    covered: float
    error: float
    note: str

    @property
    def off(self) -> float:
        """How far it is from nominal on a side where it should not be."""
        below = NOMINAL - self.covered
        return max(0.0, below) if self.note else abs(below)

    @property
    def surely_off(self) -> float:
        """How far it is off at least, by more than the simulation's own noise."""
        return max(0.0, self.off - self.error)


def measure(rounds: int) -> list[Coverage]:
    """Simulate all experiments.

    Args:
        rounds: How often each is repeated.
    """
    return [found for experiment in experiments() for found in simulate(experiment, rounds)]


def simulate(experiment: Experiment, rounds: int) -> Iterator[Coverage]:
    """Repeat an experiment."""
    rng = np.random.default_rng(0)
    held: dict[str, list[bool]] = defaultdict(list)
    for _ in range(max(1, round(rounds * experiment.effort))):
        for name, (interval, truth) in experiment.draw(rng).items():
            if interval is not None:
                held[name].append(interval[0] <= truth <= interval[1])
    for name, each in held.items():
        share = float(np.mean(each))
        # one image more on either side: a simulation that never missed is not certain either
        guess = (sum(each) + 1) / (len(each) + 2)
        error = float(np.sqrt(guess * (1 - guess) / len(each)))
        note = experiment.notes.get(name, "")
        yield Coverage(name, experiment.setting, len(each), share, error, note)


def summary(found: Sequence[Coverage]) -> list[Measured]:
    """Give one row for each interval: how far it is off in its worst setting, beyond the simulation's noise."""
    rows = []
    for interval in sorted({each.interval for each in found}):
        of_interval = [each for each in found if each.interval == interval]
        worst = max(of_interval, key=lambda each: each.surely_off)
        note = f"{worst.covered:.1%} covered: {worst.setting}; worst of {len(of_interval)} settings"
        off = 100 * worst.surely_off
        rows.append(
            Measured(f"interval of {interval}", off, "points off", note=note, at_most=100 * AIM)
        )
    return rows


def table(found: Sequence[Coverage]) -> str:
    """Write the coverages as a Markdown table."""
    lines = [
        f"| interval of | images | coverage, nominal {NOMINAL:.0%} | its standard error | note |",
        "| --- | --- | ---: | ---: | --- |",
    ]
    for each in sorted(found, key=lambda each: each.interval):
        missed = f"off by more than {100 * AIM:g} points" if each.surely_off > AIM else ""
        note = "; ".join(part for part in (each.note, missed) if part)
        lines.append(
            f"| {each.interval} | {each.setting} | {each.covered:.1%} | {each.error:.1%} | {note} |"
        )
    return "\n".join(lines)
