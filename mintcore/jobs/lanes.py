"""Which jobs run side by side: so many at once on a device, and short ones beside them."""

import contextlib
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mintcore.cluster.places import LOCAL
from mintcore.errors import MintError
from mintcore.jobs.folder import Request, job_folder
from mintcore.jobs.kinds import SHORT
from mintcore.jobs.limits import Limits
from mintcore.jobs.runner import Runner
from mintcore.settings import VISIBLE_GPUS
from store.artefacts import Home

SHORT_LANE = "short"
_GPUS = Path("/proc/driver/nvidia/gpus")


class Lanes:
    """Jobs that wait for their turn and jobs that run.

    Args:
        home: The home folder.
        limits: Of its jobs.
    """

    def __init__(self, home: Home, limits: Limits) -> None:
        self._home, self._limits = home, limits
        self._lock = threading.Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._running: set[Runner] = set()
        self._waiting: Counter[str] = Counter()  # or running
        self._stopping = False

    def put(self, job_id: str) -> None:
        """Let a queued job run when its lane is free."""
        try:
            lane = lane_of(job_folder(self._home, job_id).request())
        except MintError:
            return  # pruned meanwhile, or damaged: the list of jobs says why
        with self._lock:
            if not self._stopping:
                self._waiting[job_id] += 1
                self._pool(lane).submit(self._run, job_id)

    def __contains__(self, job_id: str) -> bool:
        """Tell whether a job waits here or runs."""
        return self._waiting[job_id] > 0

    def stop(self) -> None:
        """End what runs, and start nothing else; what waits is found in its folder by the next worker."""
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for runner in running:
            runner.stop()
        for pool in self._pools.values():
            pool.shutdown()

    def _pool(self, lane: str) -> ThreadPoolExecutor:
        if lane not in self._pools:
            at_once = 1 if lane == SHORT_LANE else self._limits.at_once
            self._pools[lane] = ThreadPoolExecutor(at_once, f"lane {lane}")
        return self._pools[lane]

    def _run(self, job_id: str) -> None:
        runner = Runner(self._home, self._limits)
        with self._lock:
            if self._stopping:
                return
            self._running.add(runner)
        try:
            # pruned before its start, or the disk is full, and the worker looks at it again
            with contextlib.suppress(MintError, OSError):
                if runner.run(job_id):
                    self.put(job_id)  # while it is here: what is in no lane counts as left behind
        finally:
            with self._lock:
                self._running.discard(runner)
                self._waiting[job_id] -= 1


def lane_of(request: Request) -> str:
    """Name the lane of a job: its device, its cluster, or that of the jobs which need none."""
    if request.kind in SHORT:
        return SHORT_LANE
    device, _, cluster = request.device.partition("@")
    if cluster and not cluster.startswith(LOCAL):  # workers of this machine take its devices
        return cluster
    if device == "auto":
        device = "cuda" if _has_gpu() else "cpu"
    return "cuda:0" if device == "cuda" else device


def _has_gpu() -> bool:
    """Look for a GPU without loading torch."""
    hidden = os.environ.get(VISIBLE_GPUS.name) == ""
    return not hidden and any(_GPUS.glob("*"))
