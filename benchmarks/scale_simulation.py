"""A cluster that extracts, on a synthetic clock: the product's scheduler, and workers that only take time.

The driver is the real ``mintcore.cluster.scheduling.in_order``, in the order of ``mintcore.extraction.run``: it plans a
window when the scheduler asks for its first piece, hands pieces out, and publishes each block before it looks at what
else has ended. Workers compute and write at once, so a piece takes the longer of the two. The storage serves pieces one
after the other at its bandwidth, which is the right total wherever it is the limit.
"""

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

from benchmarks.scale_workloads import Workload
from mintcore.cluster.scheduling import Lost, in_order

BUSY, SOMETIMES_BUSY = 0.8, 0.25
"""From these shares of the time on it is the limit; phases of the driver and of the storage may take turns."""


@dataclass(frozen=True)
class Worker:
    """One worker with one device.

    Attributes:
        images_s: Images a second through the model.
        write_bytes_s: What it compresses and writes a second, before compression.
        start_s: From its start to its first piece: process, model.
    """

    images_s: float
    write_bytes_s: float = math.inf
    start_s: float = 0.0


@dataclass(frozen=True)
class Driver:
    """What the process that plans and commits does alone.

    Attributes:
        plan_s: Planning a window; against what was there when the run began, which is nothing.
        count_row_s: Counting at the end what failed, a row.
        hand_s: Handing out a piece and taking back its result.
        publish_s: Publishing a block.
        seal_row_s: Sealing the index at the end, a row.
    """

    plan_s: float = 0.0
    count_row_s: float = 0.0
    hand_s: float = 0.0
    publish_s: float = 0.0
    seal_row_s: float = 0.0


@dataclass(frozen=True)
class Site:
    """Where an extraction runs.

    Attributes:
        workers: How many.
        worker: Each of them.
        driver: The one process that plans and commits.
        storage_bytes_s: What the storage takes a second from all workers together.
        jitter: By what share the times of pieces vary (standard deviation).
        lifetime_s: After how long a worker dies, on average; None for never.
        seed: Of chance.
    """

    workers: int
    worker: Worker
    driver: Driver
    storage_bytes_s: float = math.inf
    jitter: float = 0.0
    lifetime_s: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class Course:
    """How an extraction went.

    Attributes:
        seconds: From the survey to the end of the seal.
        working: Share of the workers' time in which they had a piece.
        driving: Share of the time in which the driver was busy.
        storing: Share of the time in which the storage was busy.
        pieces: Pieces that were published.
        lost: Pieces that died with their worker, and were done again.
        images: Images that were committed.
        efficiency: The time that the devices need for the bare computing, over what they were there for.
    """

    seconds: float
    working: float
    driving: float
    storing: float
    pieces: int
    lost: int
    images: int
    efficiency: float

    @property
    def limit(self) -> str:
        """What the run waits for; "pieces" where there are too few of them to keep the workers busy."""
        if self.storing > BUSY:
            return "storage"
        if self.working > BUSY:
            return "workers"
        if max(self.driving, self.storing) < SOMETIMES_BUSY:
            return "pieces"
        return "driver" if self.driving > self.storing else "storage"


@dataclass
class _Clock:
    """The time, and how long the driver has been busy."""

    now: float = 0.0
    driving: float = 0.0

    def spend(self, seconds: float) -> None:
        """Let the driver do something."""
        self.now += seconds
        self.driving += seconds


@dataclass
class _Crew:
    """Workers, as the scheduler sees them."""

    workload: Workload
    site: Site
    clock: _Clock
    idle: int = 0
    busy: int = 0
    lost: int = 0
    working_s: float = 0.0
    storing_s: float = 0.0
    _stored_at: float = 0.0
    _events: list[tuple[float, int, tuple[int, int | Lost] | None]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        for _ in range(self.site.workers):
            self._hire(self.clock.now)

    @property
    def count(self) -> int:
        """How many are there."""
        return self.idle + self.busy

    def begin(self, number: int, piece: int) -> None:
        """Hand a piece to an idle worker."""
        self.clock.spend(self.site.driver.hand_s)
        self.idle, self.busy = self.idle - 1, self.busy + 1
        chance = Random(f"{self.site.seed} {number} {next(self._numbers)}")  # noqa: S311 - no secret
        now, lifetime = self.clock.now, self.site.lifetime_s
        end, dies = self._end(piece, chance), math.inf
        if lifetime is not None:
            dies = now + chance.expovariate(1 / lifetime)
        self.working_s += min(end, dies) - now
        outcome = piece if end <= dies else Lost("its machine is gone")
        self._expect(min(end, dies), (number, outcome))

    def ended(self, *, wait: bool) -> Iterable[tuple[int, int | Lost]]:
        """Give what has ended by now; go on to the next event where it is waited for."""
        if wait:
            self.clock.now = max(self.clock.now, self._events[0][0])
        found = []
        while self._events and self._events[0][0] <= self.clock.now:
            at, _, event = heapq.heappop(self._events)
            if event is None:
                self.idle += 1
                continue
            self.busy -= 1
            if isinstance(event[1], Lost):
                self.lost += 1
                self._hire(at)
            else:
                self.idle += 1
            found.append(event)
        return found

    def _end(self, rows: int, chance: Random) -> float:
        """Tell when a piece is computed and written."""
        site, now = self.site, self.clock.now
        varied = max(0.1, chance.gauss(1.0, site.jitter)) if site.jitter else 1.0
        computed = now + varied * rows / site.worker.images_s
        written = now + rows * self.workload.raw_bytes / site.worker.write_bytes_s
        storing = rows * self.workload.row_bytes / site.storage_bytes_s
        self.storing_s += storing
        self._stored_at = max(self._stored_at, now) + storing
        return max(computed, written, self._stored_at)

    def _hire(self, at: float) -> None:
        self._expect(at + self.site.worker.start_s, None)

    def _expect(self, at: float, event: tuple[int, int | Lost] | None) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), event))


def simulate(workload: Workload, site: Site) -> Course:
    """Run an extraction into an empty store on a synthetic clock, with the survey before it and the seal after it."""
    clock, driver, committed, published = _Clock(), site.driver, 0, 0
    windows = sum(1 for _ in workload.windows())
    clock.spend(windows * driver.plan_s)  # the survey; workers are hired after it
    crew = _Crew(workload, site, clock)

    def pieces() -> Iterator[int]:
        for window in workload.windows():
            clock.spend(driver.plan_s)
            yield from workload.pieces(window)

    for rows in in_order(pieces(), crew):
        clock.spend(driver.publish_s)
        committed, published = committed + rows, published + 1
    clock.spend((driver.seal_row_s + driver.count_row_s) * committed)
    there_s = site.workers * clock.now
    return Course(
        seconds=clock.now,
        working=crew.working_s / there_s,
        driving=clock.driving / clock.now,
        storing=crew.storing_s / clock.now,
        pieces=published,
        lost=crew.lost,
        images=committed,
        efficiency=workload.images / site.worker.images_s / there_s,
    )
