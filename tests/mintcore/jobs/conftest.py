"""Workers as real processes, over an engine that counts slowly instead of computing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from job_processes import StartWorker

from store.artefacts import Home

# Python imports "sitecustomize" from PYTHONPATH at start-up, in each job's process too.
COUNTING_ENGINE = """
import subprocess, sys, time, types
from dataclasses import dataclass

@dataclass(frozen=True)
class ExtractionRequest:
    model: str
    datasets: tuple

@dataclass(frozen=True)
class Summary:
    model: str
    datasets: tuple

def extract_datasets(home, request, *, device, reporter):
    if request.model == "refused":
        from mintcore.errors import MintError
        raise MintError("No model is called 'refused'.")
    if request.model == "broken":
        raise ValueError("first line\\nsecond line")
    if request.model == "greedy":
        bytearray(2**62)
    if request.model == "slow":
        child = subprocess.Popen(["sleep", "300"])
        reporter.log(f"decoder {child.pid}")
        count(reporter, 2000)
    reporter.measure({"epoch": 1, "train_loss": 0.5})
    return Summary(request.model, request.datasets)

def count(reporter, total):
    reporter.stage("counting", total)
    for _ in range(total):
        time.sleep(0.02)
        reporter.advance()

requests = types.ModuleType("mintcore.extraction.requests")
requests.ExtractionRequest = ExtractionRequest
run = types.ModuleType("mintcore.extraction.run")
run.extract_datasets = extract_datasets
sys.modules |= {module.__name__: module for module in (requests, run)}
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def start_worker(home: Home, tmp_path: Path) -> Iterator[StartWorker]:
    (tmp_path / "sitecustomize.py").write_text(COUNTING_ENGINE)
    workers: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[3])]),
            "MINT_PARENT_PID": str(os.getpid()),
        }
        worker = subprocess.Popen(
            [sys.executable, "-m", "mintcore.jobs.worker", str(home.path)],
            env=environment,
            stdout=(tmp_path / "worker.txt").open("ab"),
            stderr=subprocess.STDOUT,
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait(20)
