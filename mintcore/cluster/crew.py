"""Workers on Ray: one process each, on a processor or a GPU of its own, wherever the cluster has one free.

A worker that dies is replaced, and so is one whose machine is gone; which piece it had is for ``scheduling`` to know.
"""
# ruff: noqa: PLC0415 - Ray is imported where it is used: nobody else waits for it, or needs it

import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from mintcore.cluster.devices import divide
from mintcore.cluster.hand import Hand
from mintcore.cluster.places import Place
from mintcore.cluster.scheduling import Lost, in_order
from mintcore.cluster.tasks import Task
from mintcore.errors import MintError
from mintcore.progress import Reporter
from mintcore.versions import own_version
from store.artefacts import Home

ARRIVAL_S = 300.0
"""How long to wait for the first worker, or for another one where none is left."""

KNOCK_S = 10.0

Piece = TypeVar("Piece")
Result = TypeVar("Result")


@contextmanager
def hiring(place: Place, home: Home, reporter: Reporter) -> "Iterator[Crew | None]":
    """Have workers as long as the block runs; None where all is to be done in this process.

    Args:
        place: Where.
        home: The home folder; every worker must see it under the same path.
        reporter: Told how many workers there are.

    Raises:
        MintError: Ray is not installed, the cluster cannot be reached or has no free device, or a
            worker is of another version or does not see the home folder.
    """
    if place.cluster is None:
        yield None
        return
    ray = _connected(place)
    home.staging.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.NamedTemporaryFile(dir=home.staging, prefix="tmp") as file:
            crew = Crew(ray, place, Path(file.name).absolute())
            reporter.log(
                f"Work is spread over {crew.wanted} workers of the cluster {place.cluster}"
            )
            yield crew
    finally:
        ray.shutdown()  # ends the workers, too


class Crew:
    """Workers of one piece of work, from its first stage to its last.

    Args:
        ray: The module, connected.
        place: Which devices to work on.
        sign: A file of the home folder, which every worker must find.
    """

    def __init__(self, ray: ModuleType, place: Place, sign: Path) -> None:
        self._ray = ray
        self._place = place
        self._sign = sign
        self._task: Any = None
        self._devices = divide(ray.cluster_resources(), place)
        self.wanted = self._devices.workers
        self._arriving: dict[Any, Any] = {}
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[int, Any]] = {}
        for _ in range(self.wanted):
            self._hire()

    def in_order(self, task: Task[Piece, Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """Have pieces of a task done, and give the results in the order of the pieces.

        One task at a time: the workers forget the one before.

        Args:
            task: What is to be done.
            pieces: Taken one by one, when a worker is free for the next.

        Raises:
            MintError: No worker comes, or several died over one piece; or what a piece raised.
        """
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
            done, _ = self._ray.wait(calls, timeout=None if self._busy else ARRIVAL_S)
            if not done:
                raise MintError(
                    f"No worker of the cluster {self._place.cluster} was free within {ARRIVAL_S:.0f} s: see whether "
                    "other work holds its devices (`ray status`), then run again."
                )
        self._welcome([call for call in done if call in self._arriving])
        return [self._result(call) for call in done if call in self._busy]

    def _welcome(self, calls: Iterable[Any]) -> None:
        for call in calls:
            hand = self._arriving.pop(call)
            try:
                self._ray.get(call)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except self._ray.exceptions.RayError:
                self._hire()
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
            return number, Lost(_first_line(error))
        self._idle.append(hand)
        return number, result

    def _give_up(self) -> None:
        """Stop workers whose pieces nobody waits for any more: after an error, or when a job is cancelled."""
        for _, hand in self._busy.values():
            self._replace(hand)
        self._busy.clear()

    def _replace(self, hand: Any) -> None:
        self._ray.kill(hand)
        self._hire()

    def _hire(self) -> None:
        devices = self._devices
        actor = self._ray.remote(num_cpus=devices.threads, num_gpus=devices.gpus)(Hand)
        hand = actor.remote(self._place.device, devices.threads)
        self._arriving[hand.report.remote(str(self._sign), own_version())] = hand


def _connected(place: Place) -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MintError("--ray needs Ray: pip install 'mint-workbench[ray]'.") from error
    address = "local" if place.local else place.cluster
    cores = {"num_cpus": max(place.workers, os.cpu_count() or 1)} if place.workers else {}
    try:
        _knock(place)
        ray.init(
            address, include_dashboard=False, logging_level="ERROR", log_to_driver=False, **cores
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise MintError(
            f"The Ray cluster {place.cluster} cannot be reached ({_first_line(error)}): see `ray status` there."
        ) from error
    module: ModuleType = ray
    return module


def _knock(place: Place) -> None:
    """Find out at once whether anybody is there; Ray would try for minutes.

    Raises:
        OSError: Nobody is.
    """
    if place.local or place.cluster in (None, "auto"):
        return
    host, _, port = str(place.cluster).removeprefix("ray://").rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), KNOCK_S).close()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
