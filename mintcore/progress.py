"""How a long piece of work says how far it is."""

from collections.abc import Mapping
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Reporter(Protocol):
    """Receives the progress of one piece of work."""

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of ``total`` steps; the one before it is over."""

    def reuse(self, steps: int) -> None:
        """Say how much of the current stage was there already; it is no part of its total."""

    def advance(self, steps: int = 1) -> None:
        """Count steps of the current stage.

        Raises:
            CancelledError: The person asked the work to stop.
        """

    def log(self, line: str) -> None:
        """Say something worth keeping."""

    def measure(self, values: Mapping[str, float | str]) -> None:
        """Report one epoch of a training, for live curves: ``network``, ``epoch``, ``train_loss``, ..."""


class SilentReporter:
    """Reports to nobody."""

    def stage(self, name: str, total: int) -> None:
        """Ignore the stage."""

    def reuse(self, steps: int) -> None:
        """Ignore the steps."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def log(self, line: str) -> None:
        """Ignore the line."""

    def measure(self, values: Mapping[str, float | str]) -> None:
        """Ignore the values."""


class _RateColumn(ProgressColumn):
    """How fast the steps go: images a second, in an extraction."""

    def render(self, task: Task) -> Text:
        """Draw the rate of the last half minute, once there is one."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


class ConsoleReporter:
    """Draws one progress bar a stage on standard error, which leaves standard output to results."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<30}"),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "ConsoleReporter":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._task is not None:
            self._progress.stop()

    def stage(self, name: str, total: int) -> None:
        """Begin a bar; the one before it stays on the screen, full."""
        self._progress.start()  # not before: what fails at once leaves its one sentence and no empty bar
        self._task = self._progress.add_task(name, total=total)

    def reuse(self, steps: int) -> None:
        """Draw nothing: the log says it."""

    def advance(self, steps: int = 1) -> None:
        """Move the current bar."""
        if self._task is not None:
            self._progress.advance(self._task, steps)

    def log(self, line: str) -> None:
        """Print a line above the bars."""
        self._console.print(line, highlight=False, markup=False)

    def measure(self, values: Mapping[str, float | str]) -> None:
        """Draw nothing: the bars say enough."""
