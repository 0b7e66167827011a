"""Child processes: how they are started, told apart and ended."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psutil

import mintcore

PARENT_VARIABLE = "MINT_PARENT_PID"
_WATCH_EVERY_S = 0.5
_START_TOLERANCE_S = 2.0  # the clock of the machine may be set while a process runs


def start_module(
    module: str, *arguments: str, output: IO[bytes], cwd: Path | None = None, **variables: str
) -> "subprocess.Popen[bytes]":
    """Start ``python -m module`` as a fresh process that leads a process group of its own.

    Args:
        module: The module to run.
        *arguments: Its command line.
        output: Where standard output and standard error go.
        cwd: Its current folder; the current one where left out.
        **variables: Environment variables to set over the inherited ones.

    Raises:
        OSError: The machine cannot start another process.
    """
    # -P: a folder called "store" where the person happens to stand must not stand in for ours.
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", module, *arguments]
    return subprocess.Popen(  # noqa: S603
        command,
        cwd=cwd,
        env=_environment() | variables,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def end(process: "subprocess.Popen[bytes]", grace_s: float) -> None:
    """Ask a child to stop; after ``grace_s`` seconds, and for what it leaves behind, kill."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    kill_group(process.pid)
    process.wait()


def kill_group(pid: int) -> None:
    """Kill every process of the group that ``pid`` leads or led, if any is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_with_parent(end_now: Callable[[], None]) -> None:
    """Call ``end_now`` from a thread once the process that started this one is gone.

    It works for a parent that was killed outright too, which has no chance to stop its children.
    """
    parent = int(os.environ[PARENT_VARIABLE])

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_EVERY_S)
        end_now()

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def process_start(pid: int) -> float | None:
    """Tell when a process started, in seconds since 1970, or None where it does not live."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def lives(pid: int | None, started: float | None) -> bool:
    """Tell whether the process that had this id and this start time still lives.

    Process ids are given out again, so the id alone proves nothing.
    """
    if pid is None or started is None:
        return False
    now_started = process_start(pid)
    return now_started is not None and abs(now_started - started) < _START_TOLERANCE_S


def _environment() -> dict[str, str]:
    environment = os.environ | {PARENT_VARIABLE: str(os.getpid())}
    root = Path(mintcore.__file__).parents[1]
    if (root / "pyproject.toml").is_file():  # a checkout, which need not be installed
        paths = [str(root), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment
