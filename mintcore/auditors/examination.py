"""Fit networks on all evidence of a sweep: here, or as the workers of a cluster do it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import torch

from mintcore.auditors.evidence import NULL, PIXELS, Evidence, Examined, examine
from mintcore.auditors.exercises import Epoch
from mintcore.auditors.settings import FitSettings
from mintcore.cohorts import Cohort
from mintcore.devices import choose_device

OnEpoch = Callable[[Evidence, Epoch], None]


@dataclass(frozen=True)
class Examination:
    """How networks are fitted on the evidence of a sweep; a task of ``mintcore.cluster``.

    Attributes:
        cohort: The images.
        settings: How networks are fitted.
        seeds: A network of each evidence is fitted for each; of the null for the first only.
    """

    cohort: Cohort
    settings: FitSettings
    seeds: tuple[int, ...]

    @cached_property
    def permuted(self) -> Cohort:
        """The cohort of the null: nothing is to be found in it."""
        return self.cohort.permuted(self.seeds[0])

    def examine(
        self, evidences: Sequence[Evidence], device: torch.device, on_epoch: OnEpoch
    ) -> list[Examined]:
        """Fit networks on some evidence together, and on that of the null together.

        Args:
            evidences: What is read.
            device: Where to fit.
            on_epoch: Told of each epoch of each network; may raise to stop.
        """
        found = []
        for null in (False, True):
            some = [each for each in evidences if (each.name == NULL) == null]
            if some:
                found += examine(
                    some,
                    self.permuted if null else self.cohort,
                    settings=self.settings,
                    seeds=self.seeds[:1] if null else self.seeds,
                    device=device,
                    on_epoch=on_epoch,
                )
        return found

    def epochs(self, evidences: Sequence[Evidence]) -> int:
        """Count the epochs of some evidence's networks, if none of them stops early."""
        seeds = sum(1 if each.name == NULL else len(self.seeds) for each in evidences)
        return seeds * self.settings.epochs

    def begin(self, device: str, threads: int) -> "ExaminationDesk":
        """Choose the worker's device."""
        return ExaminationDesk(self, choose_device(device))


@dataclass(frozen=True)
class ExaminationDesk:
    """A worker's device, and what it is to do."""

    examination: Examination
    device: torch.device

    def make(self, piece: Sequence[Evidence]) -> list[Examined]:
        """Fit networks on some evidence; they come back on the CPU."""
        found = self.examination.examine(piece, self.device, lambda evidence, epoch: None)
        for each in found:
            each.network.cpu()
        return found


def parts(evidences: Sequence[Evidence], workers: int) -> Iterator[list[Evidence]]:
    """Divide evidence among workers; raw pixels, which take longest, begin first and are alone."""
    yield from ([each] for each in evidences if each.name == PIXELS)
    others = [each for each in evidences if each.name != PIXELS]
    size = max(1, ceil(len(others) / workers))
    for start in range(0, len(others), size):
        yield others[start : start + size]
