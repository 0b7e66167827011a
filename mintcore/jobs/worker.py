"""The worker: takes jobs from the queue and lets each run in its lane, in a process of its own."""

import fcntl
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from huey.consumer import Consumer

from mintcore.errors import MintError
from mintcore.jobs import children
from mintcore.jobs.folder import JobFolder, job_folders, jobs_path, locked
from mintcore.jobs.lanes import Lanes
from mintcore.jobs.limits import Limits, read_limits
from mintcore.jobs.tasks import Enqueue, open_queue, register
from mintcore.jobs.transitions import crash, resume
from store.artefacts import Home

_POLL_S = 0.5
_RECOVERY_REASON = "The worker was gone before the job ended."


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
    with locked(jobs_path(home)):
        pass  # makes the folder, or says that it cannot be made
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


def recover(home: Home, enqueue: Enqueue) -> None:
    """Settle what an earlier worker left behind, and queue every waiting job, oldest first.

    Args:
        home: The home folder, which no other worker serves.
        enqueue: Puts a job in the queue.
    """
    for folder in sorted(_readable(home), key=lambda folder: folder.request().created):
        state = folder.state()
        if state.state == "running" and children.lives(state.pid, state.process_started):
            children.kill_group(state.pid or 0)
        if crash(folder, _RECOVERY_REASON) or resume(folder):
            enqueue(folder.id)


def _consume(home: Home, limits: Limits, stopped: threading.Event) -> None:
    queue, lanes = open_queue(home), Lanes(home, limits)
    enqueue = register(queue, lanes.put)
    queue.flush()  # the job folders say what waits; a row may have been lost with a killed worker
    recover(home, enqueue)
    consumer = _Consumer(queue, workers=1, periodic=False, max_delay=_POLL_S)
    consumer.start()
    while not stopped.wait(_POLL_S):
        consumer.check_worker_health()
    consumer.stop_flag.set()
    lanes.stop()
    consumer.stop(graceful=True)


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


def _readable(home: Home) -> Iterator[JobFolder]:
    for folder in job_folders(home):
        try:
            folder.request(), folder.state()
        except MintError:
            continue  # the list of jobs shows it with the reason
        yield folder


def main() -> None:
    """Run the worker of the home on the command line as a child that ends with its parent."""
    children.end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    run_worker(Home(Path(sys.argv[1])), lambda line: print(line, flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
