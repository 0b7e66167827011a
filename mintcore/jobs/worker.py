"""The worker: takes jobs from the queue and lets each run in its lane, in a process of its own."""

import contextlib
import errno
import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from huey.consumer import Consumer

from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.failures import report
from mintcore.jobs import children
from mintcore.jobs.folder import JobFolder, State, job_folders, jobs_path, locked
from mintcore.jobs.lanes import Lanes
from mintcore.jobs.limits import Limits, read_limits
from mintcore.jobs.tasks import open_queue, register
from mintcore.jobs.transitions import crash, resume
from store.artefacts import Home

_POLL_S = 0.5
_LOOK_EVERY_S = 5.0
_LEAST_ROOM = 2**18
"""Bytes: an empty queue of huey and its journal take a quarter of them."""
_RECOVERY_REASON = "What became of the job's process was not recorded."


class _Consumer(Consumer):
    """huey's consumer, whose own answer to SIGINT would be to wait for the running job."""

    def _set_signal_handlers(self) -> None:
        """Leave the worker's handlers where they are."""


def run_worker(home: Home, announce: Callable[[str], None]) -> None:
    """Run jobs until SIGTERM or SIGINT.

    A job that runs then is interrupted and goes on at the next start.
    Only one worker serves a home. Another one idles, and takes over when the first is gone.

    Args:
        home: The home folder; made where it is missing.
        announce: Told in one line what the worker does.

    Raises:
        MintError: The home folder cannot be written, or a limit in the environment cannot be.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    limits = read_limits()
    _await_room(home, stopped, announce)
    with _alone(home, stopped, announce):
        if not stopped.is_set():
            announce(f"Working on the jobs in {home.path}.")
            _consume(home, limits, stopped)


def is_served(home: Home) -> bool:
    """Tell whether a worker serves a home."""
    try:
        holder = json.loads(_lock_file(home).read_text(encoding="utf-8"))
        return children.lives(holder["pid"], holder["process_started"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def recover(home: Home, lanes: Lanes) -> None:
    """Settle what was left behind, and let it and every queued job wait in its lane, oldest first.

    An earlier worker leaves jobs behind, and so does a full disk, on which nothing is recorded.

    Args:
        home: The home folder, which no other worker serves.
        lanes: Of this worker.
    """
    for folder, state in _unfinished(home):
        if folder.id in lanes:
            continue
        with contextlib.suppress(MintError, OSError):  # pruned just now, or the disk is still full
            if _goes_on(folder, state):
                lanes.put(folder.id)


def _consume(home: Home, limits: Limits, stopped: threading.Event) -> None:
    queue, lanes = open_queue(home), Lanes(home, limits)
    register(queue, lanes.put)
    queue.flush()  # the job folders say what waits; a row may have been lost with a killed worker
    recover(home, lanes)
    consumer = _Consumer(queue, workers=1, periodic=False, max_delay=_POLL_S)
    consumer.start()
    looked = time.monotonic()
    while not stopped.wait(_POLL_S):
        consumer.check_worker_health()
        if time.monotonic() > looked + _LOOK_EVERY_S:
            recover(home, lanes)
            looked = time.monotonic()
    consumer.stop_flag.set()
    lanes.stop()
    consumer.stop(graceful=True)


def _await_room(home: Home, stopped: threading.Event, announce: Callable[[str], None]) -> None:
    """Wait while the disk has no room for the small files of a worker; other work may free some, or a person."""
    waiting = False
    while not stopped.is_set():
        with locked(jobs_path(home)):  # makes the folder, or says that it cannot be made
            pass
        if _has_room(home):
            return
        if not waiting:
            announce(f"The disk of {home.path} is full: waiting for room.")
        waiting = True
        stopped.wait(_LOOK_EVERY_S)


def _has_room(home: Home) -> bool:
    """Write what the lock file and the queue's database take at least, and take it away again."""
    try:
        with TemporaryFile(dir=jobs_path(home)) as file:
            file.write(bytes(_LEAST_ROOM))
            file.flush()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return False
    return True


@contextmanager
def _alone(home: Home, stopped: threading.Event, announce: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other worker serves this home; the lock goes however its process dies."""
    with _lock_file(home).open("a") as file:
        waiting = False
        while not stopped.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _sign(home)
                break
            except BlockingIOError:
                if not waiting:
                    announce(f"Another worker serves {home.path}: waiting to take over from it.")
                waiting = True
                stopped.wait(_POLL_S)
        yield


def _lock_file(home: Home) -> Path:
    return home.path / "worker.lock"


def _sign(home: Home) -> None:
    """Write into the lock file who holds it."""
    pid = os.getpid()
    holder = {"pid": pid, "process_started": children.process_start(pid)}
    _lock_file(home).write_text(json.dumps(holder), encoding="utf-8")


def _unfinished(home: Home) -> list[tuple[JobFolder, State]]:
    """Find the jobs that have not ended for good, oldest first."""
    found = []
    for folder in job_folders(home):
        try:
            state = folder.state()
            if state.state in ("queued", "running", "interrupted"):
                found.append((folder.request().created, folder, state))
        except MintError:
            continue  # the list of jobs shows it with the reason
    return [(folder, state) for _, folder, state in sorted(found, key=lambda job: job[0])]


def _goes_on(folder: JobFolder, state: State) -> bool:
    """Settle a job that is in no lane, and tell whether it waits for an attempt.

    Args:
        folder: The job.
        state: As it was before the lanes were looked at: a job that was queued may run by now.
    """
    if state.state != "running":
        return resume(folder)
    if state.pid != os.getpid() and children.lives(state.pid, state.process_started):
        children.kill_group(state.pid or 0)
    return crash(folder, _RECOVERY_REASON)


def main() -> None:
    """Run the worker of the home on the command line as a child that ends with its parent."""
    children.end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    try:
        run_worker(Home(Path(sys.argv[1])), _print)
    except PERSON_ERRORS as error:
        sys.exit(report(error, _print))


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - into the worker's log


if __name__ == "__main__":
    main()
