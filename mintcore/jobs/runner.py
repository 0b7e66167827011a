"""Runs one queued job: starts its process, waits for it, and records what became of it."""

import signal
import subprocess
import threading
import time

from mintcore.jobs import children
from mintcore.jobs.folder import JobFolder, job_folder
from mintcore.jobs.limits import Limits, shortage
from mintcore.jobs.transitions import claim, crash, finish, stop
from store.artefacts import Home

CANCEL_GRACE_S = 30.0
_STOP_GRACE_S = 5.0
_POLL_S = 0.5


class Runner:
    """Runs a job of a home folder.

    Args:
        home: The home folder.
        limits: Of its jobs.
    """

    def __init__(self, home: Home, limits: Limits) -> None:
        self._home, self._limits = home, limits
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self, job_id: str) -> bool:
        """Run a job to its end, unless it is not queued any more or the worker is stopping.

        Returns:
            Whether it died and waits for another attempt.
        """
        folder = job_folder(self._home, job_id)
        process = self._start(folder)
        if process is None:
            return False
        self._await(process, folder)
        children.kill_group(process.pid)
        with self._lock:
            self._process = None
        if self._stopping:
            stop(folder)
            return False
        return crash(folder, _death(process.returncode))

    def stop(self) -> None:
        """End the process of the running job, and start no other."""
        with self._lock:
            self._stopping = True
            process = self._process
        if process is not None:
            children.end(process, _STOP_GRACE_S)

    def _start(self, folder: JobFolder) -> "subprocess.Popen[bytes] | None":
        with self._lock:
            if self._stopping or not claim(folder):
                return None
            if missing := shortage(self._home, self._limits):
                finish(folder, "failed", error=missing)
                return None
            try:
                with folder.log_file.open("ab") as output:
                    self._process = children.start_module(
                        "mintcore.jobs.process",
                        str(self._home.path.resolve()),
                        folder.id,
                        output=output,
                    )
            except OSError as error:
                finish(folder, "failed", error=f"The job's process cannot be started: {error}.")
                return None
            return self._process

    def _await(self, process: "subprocess.Popen[bytes]", folder: JobFolder) -> None:
        while True:
            try:
                process.wait(_POLL_S)
                return
            except subprocess.TimeoutExpired:
                folder.shorten_log(self._limits.log_bytes)
                if _ignores_cancel(folder):
                    children.end(process, _STOP_GRACE_S)


def _ignores_cancel(folder: JobFolder) -> bool:
    try:
        return time.time() - folder.cancel_flag.stat().st_mtime > CANCEL_GRACE_S
    except FileNotFoundError:
        return False


def _death(code: int) -> str:
    if code == -signal.SIGKILL:
        return "The job's process was killed (SIGKILL), which is what happens when memory runs out."
    if code < 0:
        return f"The job's process died of {signal.Signals(-code).name}; its log may say more."
    return f"The job's process ended with code {code} and no answer; its log may say more."
