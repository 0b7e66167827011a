"""Homes whose jobs are disturbed, the processes that work on them, and what those made."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from job_processes import kill, until

from mintcore.jobs.folder import job_folder
from mintcore.jobs.queue import list_jobs, read_job, retry, wait
from mintcore.jobs.transitions import AUTOMATIC_RESTARTS
from mintcore.stores import store_folders
from store.artefacts import Home
from store.verification import verify_folder

MINT = ("-c", "from mintcore.cli import main; main()")
ROOT = Path(__file__).parents[3]
LONG_S = 120.0  # jobs that each load PyTorch share two cores
_TIMES = ("created", "seconds", "digest")
_UNLIKE = (".duckdb", ".html", ".current", ".lock")  # they hold times, or the number of a seal


@dataclass(frozen=True)
class Trial:
    """A home whose jobs are disturbed where files in a folder say so.

    Args:
        folder: Holds the home folder, and beside it what ``faults/sitecustomize.py`` reads.
    """

    folder: Path

    @property
    def home(self) -> Home:
        return Home(self.folder / "home")

    @property
    def faults(self) -> Path:
        return self.folder / "faults"

    def plan(self, fault: str, places: list[str]) -> None:
        self.faults.mkdir(exist_ok=True)
        for place in places:
            (self.faults / f"{fault} {place}").touch()

    def all_met(self) -> bool:
        return not list(self.faults.iterdir())

    def holds(self, place: str) -> Callable[[], bool]:
        return (self.faults / f"held {place}").exists

    def release(self, place: str) -> None:
        (self.faults / f"held {place}").unlink()

    def start(self, *words: str, **options: Any) -> "subprocess.Popen[str]":
        """Start a Python; what it starts is disturbed."""
        variables = {
            "MINT_FAULTS": str(self.faults),
            "MINT_HOME": str(self.home.path),
            "MINT_JOBS_FREE_DISK_MIB": "0",
            "MINT_PARENT_PID": str(os.getpid()),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "faults"), str(ROOT)]),
        }
        command = [sys.executable, *words]
        return subprocess.Popen(command, env=os.environ | variables, text=True, **options)

    @contextmanager
    def running(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """Run a Python until the block ends."""
        with (self.folder / "output.txt").open("a") as output:
            process = self.start(*words, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)

    @contextmanager
    def worker(self) -> Iterator["subprocess.Popen[str]"]:
        with self.running("-m", "mintcore.jobs.worker", str(self.home.path)) as process:
            yield process

    @contextmanager
    def dashboard(self) -> Iterator["subprocess.Popen[str]"]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        with self.running(*MINT, "dashboard", "--no-browser", "--port", port) as process:
            yield process


def see_to(home: Home, job_id: str, condition: Callable[[], object]) -> None:
    """Wait for something that a job does; it is asked for again when its process died twice."""

    def come_to_it() -> object:
        state = job_folder(home, job_id).state()
        assert state.state != "failed", state.error
        if state.state == "interrupted" and state.crashes > AUTOMATIC_RESTARTS:
            retry(home, job_id)
        return condition()

    until(come_to_it, LONG_S)


def see_through(home: Home, job_id: str) -> None:
    see_to(home, job_id, lambda: read_job(home, job_id).state == "done")


def strike(dashboard: "subprocess.Popen[str]", victim: str) -> None:
    """Kill a dashboard, its worker, or both and the job, and make sure that no orphan is left."""
    own = family(dashboard)
    worker, job = own["worker"], own["job"]
    victims = {"worker": [worker], "dashboard": [dashboard], "all": [dashboard, worker, job]}
    for process in victims[victim]:
        kill(process.pid)
    until_gone([worker, job] if victim == "worker" else [*own.values()])


def family(process: "subprocess.Popen[str]") -> dict[str, psutil.Process]:
    """The processes that a dashboard started, by what they do."""
    roles = {"worker": "worker", "process": "job", "tethered": "page"}
    children = psutil.Process(process.pid).children(recursive=True)
    return {roles[_module(child).rpartition(".")[2]]: child for child in children}


def until_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=15)
    assert alive == []


def processes_of(home: Home) -> list[psutil.Process]:
    """The processes that have a home on their command line: workers and jobs."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(home.path) in (process.info["cmdline"] or [])
    ]


def check_failed(home: Home, job_id: str, sentence: str) -> None:
    job = wait(home, job_id, LONG_S)
    assert job.state == "failed"
    assert re.search(sentence, str(job.error))
    check_whole(home)


def fill_disk(home: Home) -> Path:
    filler = home.path / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(home.path).free))
    return filler


def check_settled(home: Home) -> None:
    """Make sure that no process works on a home, none is said to, and its stores are whole."""
    until_gone(processes_of(home))
    states = [job_folder(home, job.id).state().state for job in list_jobs(home)]
    assert set(states) == {"done"}
    check_whole(home)


def check_whole(home: Home) -> None:
    """Make sure that whatever is there is there as a whole."""
    for folder in store_folders(home, None):
        assert verify_folder(folder).problems == ()
    for kind in ("auditors", "audits"):
        folders = (home.path / kind).glob("*")
        assert all((folder / "card.json").is_file() for folder in folders)


def made(home: Home) -> dict[str, Any]:
    """Everything that jobs made, but for the times at which they made it."""
    files = [file for kind in ("stores", "auditors", "audits") for file in _files(home.path / kind)]
    return {str(file.relative_to(home.path)): _content(file) for file in files}


def result_of(home: Home, job_id: str) -> dict[str, Any]:
    return lasting(read_job(home, job_id).result or {})


def lasting(result: dict[str, Any]) -> dict[str, Any]:
    """What a result says of what there is, not of how many steps the last attempt took."""
    return {name: each for name, each in result.items() if name not in ("computed", "reused")}


def _files(folder: Path) -> list[Path]:
    return [
        file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(_UNLIKE)
    ]


def _content(file: Path) -> Any:
    if file.name != "card.json":
        return file.read_bytes()
    return {
        name: value for name, value in json.loads(file.read_text()).items() if name not in _TIMES
    }


def _module(process: psutil.Process) -> str:
    words = process.cmdline()
    return words[words.index("-m") + 1]
