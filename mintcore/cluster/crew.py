"""Workers on Ray: one process each, on a processor or a GPU of its own, wherever the cluster has one free.

A worker that dies is replaced, and so is one whose machine is gone; which piece it had is for ``scheduling`` to know.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mintcore.cluster.connection import connected, first_line
from mintcore.cluster.devices import divide
from mintcore.cluster.hand import Hand
from mintcore.cluster.places import Place
from mintcore.cluster.scheduling import Lost, in_order
from mintcore.cluster.tasks import Task
from mintcore.errors import MintError
from mintcore.home_lock import unwritable
from mintcore.progress import Reporter
from mintcore.versions import own_version
from store.artefacts import Home

ARRIVAL_S = 300.0
"""How long to wait for the first worker, or for another one where none is left."""
POLL_S = 1.0

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Crew:
    """Workers of one piece of work, from its first stage to its last; they are hired when they are needed first.

    Args:
        place: Where they are.
        home: The home folder; every worker must see it under the same path.
        reporter: Told how many there are; asked whether to go on, while nothing happens.
        open_things: What is closed when the work is over.
    """

    def __init__(
        self, place: Place, home: Home, reporter: Reporter, open_things: ExitStack
    ) -> None:
        self._place, self._home, self._reporter = place, home, reporter
        self._open = open_things
        self._ray: Any = None
        self._task: Any = None
        self._arriving: dict[Any, Any] = {}
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[int, Any]] = {}

    def hire(self) -> int:
        """Have workers come, if they were not called before; give how many are wanted.

        Raises:
            MintError: Ray is not installed, or the cluster cannot be reached, or has no such device.
        """
        if self._ray is None:
            self._sign = self._open.enter_context(_sign(self._home))
            self._ray = self._open.enter_context(connected(self._place))
            self._devices = divide(self._ray.cluster_resources(), self._place)
            workers, cluster = self._devices.workers, self._place.cluster
            self._reporter.log(f"Work is spread over {workers} workers of the cluster {cluster}")
            for _ in range(workers):
                self._call_one()
        return self._devices.workers

    def in_order(self, task: Task[Piece, Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """Have pieces of a task done, and give the results in the order of the pieces.

        One task at a time: the workers forget the one before.

        Args:
            task: What is to be done.
            pieces: Taken one by one, when a worker is free for the next.

        Raises:
            MintError: As ``hire``; no worker comes, or one is of another version or does not see the
                home folder; several died over one piece; or what a piece raised.
        """
        self.hire()
        self._task = self._ray.put(task)
        try:
            yield from in_order(pieces, self)
        finally:
            self._give_up()

    @property
    def count(self) -> int:
        """How many workers are there."""
        return len(self._idle) + len(self._busy)

    @property
    def idle(self) -> int:
        """How many of them have nothing to do."""
        return len(self._idle)

    def begin(self, number: int, piece: Any) -> None:
        """Hand a piece to an idle worker, as ``scheduling.Workers`` has it."""
        hand = self._idle.pop()
        # in a list, the task is fetched only where it is new
        call = hand.make.remote([self._task], piece)
        self._busy[call] = number, hand

    def ended(self, *, wait: bool) -> list[tuple[int, Any]]:
        """Give what has ended, as ``scheduling.Workers`` has it."""
        calls = [*self._busy, *self._arriving]
        done, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0)
        if not done and wait:
            done = self._wait(calls)
        self._welcome([call for call in done if call in self._arriving])
        return [self._result(call) for call in done if call in self._busy]

    def _wait(self, calls: list[Any]) -> list[Any]:
        deadline = time.monotonic() + ARRIVAL_S
        while True:
            done: list[Any] = self._ray.wait(calls, timeout=POLL_S)[0]
            if done:
                return done
            self._reporter.advance(0)  # where a cancelled job stops
            if not self._busy and time.monotonic() > deadline:
                raise MintError(
                    f"No worker of the cluster {self._place.cluster} was free within {ARRIVAL_S:.0f} s: see whether "
                    "other work holds its devices (`ray status`), then run again."
                )

    def _welcome(self, calls: Iterable[Any]) -> None:
        for call in calls:
            hand = self._arriving.pop(call)
            try:
                self._ray.get(call)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except self._ray.exceptions.RayError:
                self._call_one()
            else:
                self._idle.append(hand)

    def _result(self, call: Any) -> tuple[int, Any]:
        number, hand = self._busy.pop(call)
        try:
            result = self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            self._replace(hand)
            return number, Lost(first_line(error))
        self._idle.append(hand)
        return number, result

    def _give_up(self) -> None:
        """Stop workers whose pieces nobody waits for any more: after an error, or when a job is cancelled."""
        for _, hand in self._busy.values():
            self._replace(hand)
        self._busy.clear()

    def _replace(self, hand: Any) -> None:
        self._ray.kill(hand)
        self._call_one()

    def _call_one(self) -> None:
        devices = self._devices
        actor = self._ray.remote(num_cpus=devices.threads, num_gpus=devices.gpus)(Hand)
        hand = actor.remote(self._place.device, devices.threads)
        self._arriving[hand.report.remote(str(self._sign), own_version())] = hand


@contextmanager
def hiring(place: Place, home: Home, reporter: Reporter) -> Iterator[Crew | None]:
    """Have workers as long as the block runs; None where all is to be done in this process.

    Args:
        place: Where.
        home: The home folder.
        reporter: As ``Crew`` has it.
    """
    if place.cluster is None:
        yield None
        return
    with ExitStack() as open_things:
        yield Crew(place, home, reporter, open_things)


@contextmanager
def _sign(home: Home) -> Iterator[Path]:
    """Leave a file in the home folder by which workers know it.

    Raises:
        MintError: The home folder cannot be written.
    """
    try:
        home.staging.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=home.staging, prefix="tmp")  # noqa: SIM115 - below
    except OSError as error:
        raise unwritable(home, error) from error
    with file:
        yield Path(file.name).absolute()
