"""Watch and kill the processes of jobs."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import psutil

from mintcore.jobs.folder import job_folder
from mintcore.jobs.queue import read_job
from store.artefacts import Home

StartWorker = Callable[[], "subprocess.Popen[bytes]"]


def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def until_counting(home: Home, job_id: str, attempt: int = 1) -> int:
    """Wait until a slow job counts in this attempt, and give the id of its process."""

    def counts() -> bool:
        job = read_job(home, job_id)
        return job.attempt == attempt and job.state == "running" and job.done > 0

    until(counts)
    pid = job_folder(home, job_id).state().pid
    assert pid is not None
    return pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
