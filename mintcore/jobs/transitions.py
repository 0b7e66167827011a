"""How the state of a job may change; every change is made under the one lock of the jobs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

from mintcore.errors import MintError
from mintcore.jobs.children import process_start
from mintcore.jobs.folder import JobFolder, State, locked, utc_now
from mintcore.jobs.liveness import runs

AUTOMATIC_RESTARTS = 1


def claim(folder: JobFolder) -> bool:
    """Take a queued job for this (worker) process; False where it is not queued any more."""
    with _current(folder) as state:
        if state.state != "queued":
            return False
        for leftover in (folder.progress_file, folder.measures_file):
            leftover.unlink(missing_ok=True)
        folder.write_state(
            State(
                state="running",
                attempt=state.attempt + 1,
                crashes=state.crashes,
                pid=os.getpid(),
                process_started=process_start(os.getpid()),
                started=utc_now(),
            )
        )
        return True


def take_over(folder: JobFolder, worker_pid: int) -> None:
    """Make this process the one that answers for a job which its worker has claimed.

    Raises:
        MintError: The job is no longer that worker's.
    """
    with _current(folder) as state:
        if state.state != "running" or state.pid != worker_pid:
            raise MintError(f"Job {folder.id} is not this worker's any more: nothing was done.")
        pid = os.getpid()
        folder.write_state(replace(state, pid=pid, process_started=process_start(pid)))


def finish(
    folder: JobFolder,
    outcome: Literal["done", "failed"],
    *,
    error: str | None = None,
    result: dict[str, Any] | None = None,
) -> None:
    """Record how a running job ended. A job that was asked to stop and failed was cancelled."""
    with _current(folder) as state:
        if state.state != "running":
            return
        if outcome == "failed" and folder.cancel_flag.exists():
            _cancelled(folder, state)
        else:
            ended = replace(state, state=outcome, error=error, result=result, ended=utc_now())
            folder.write_state(ended)


def stop(folder: JobFolder) -> None:
    """Record that a running job was stopped with its worker; it goes on when one starts again."""
    with _current(folder) as state:
        if state.state == "running" and folder.cancel_flag.exists():
            _cancelled(folder, state)
        elif state.state == "running":
            reason = "The worker was stopped; the job goes on when it starts again."
            folder.log(reason)
            folder.write_state(replace(state, state="interrupted", error=reason, ended=utc_now()))


def crash(folder: JobFolder, reason: str) -> bool:
    """Record that the process of a running job died without an answer.

    Args:
        folder: The job.
        reason: What is known, as a sentence.

    Returns:
        Whether the job waits for another attempt, so that it must be put in the queue.
    """
    with _current(folder) as state:
        if state.state != "running":
            return False
        if folder.cancel_flag.exists():
            _cancelled(folder, state)
            return False
        ended = replace(state, crashes=state.crashes + 1, error=reason, ended=utc_now())
        again = ended.crashes <= AUTOMATIC_RESTARTS
        folder.write_state(replace(ended, state="queued" if again else "interrupted"))
        folder.log(f"interrupted: {reason}")
        return again


def resume(folder: JobFolder) -> bool:
    """Queue a job again that was interrupted with its worker.

    Returns:
        Whether the job is queued, now or before, so that it must be put in the queue.
    """
    with _current(folder) as state:
        if state.state == "interrupted" and state.crashes <= AUTOMATIC_RESTARTS:
            folder.write_state(replace(state, state="queued"))
            return True
        return state.state == "queued"


def ask_to_stop(folder: JobFolder) -> None:
    """Cancel a job: at once where nothing runs, else by the flag that its process looks at.

    One that has ended stays as it is.
    """
    with _current(folder) as state:
        if runs(folder, state):
            folder.cancel_flag.touch()
        elif state.state in ("queued", "running", "interrupted"):
            _cancelled(folder, state)


def queue_again(folder: JobFolder) -> bool:
    """Queue a job that failed, was cancelled or was interrupted; what it has stored is reused.

    Returns:
        Whether it was queued by this call; False where it is queued or running already.

    Raises:
        MintError: The job is done.
    """
    with _current(folder) as state:
        if state.state == "done":
            raise MintError(f"Job {folder.id} is done: there is nothing to do again.")
        if state.state == "queued" or runs(folder, state):
            return False
        folder.cancel_flag.unlink(missing_ok=True)
        folder.write_state(State(attempt=state.attempt))
        folder.log("asked for again")
        return True


def _cancelled(folder: JobFolder, state: State) -> None:
    folder.log("cancelled")
    folder.write_state(replace(state, state="cancelled", error=None, ended=utc_now()))


@contextmanager
def _current(folder: JobFolder) -> Iterator[State]:
    with locked(folder.path.parent):
        yield folder.state()
