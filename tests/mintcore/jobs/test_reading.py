import json
import os
import time

import pytest

from mintcore.jobs.children import process_start
from mintcore.jobs.folder import JobFolder, State, job_folder
from mintcore.jobs.queue import cancel, job_log, job_measures, read_job, submit
from store.artefacts import Home


@pytest.fixture
def folder(home: Home) -> JobFolder:
    return job_folder(home, submit(home, "extract", {"model": "lenet", "datasets": ["digits"]}))


def _beat(folder: JobFolder, age_s: float) -> None:
    progress = {"stage": "reading", "done": 30, "total": 90, "rate": 2.0}
    folder.progress_file.write_text(json.dumps(progress | {"heartbeat": time.time() - age_s}))


def _run_as(folder: JobFolder, pid: int, started: float | None) -> None:
    folder.write_state(State(state="running", attempt=1, pid=pid, process_started=started))


def test_read_job__recorded_process_lives(home: Home, folder: JobFolder) -> None:
    _run_as(folder, os.getpid(), process_start(os.getpid()))
    assert read_job(home, folder.id).state == "running"


def test_read_job__fresh_heartbeat(home: Home, folder: JobFolder) -> None:
    _run_as(folder, 2**22 + 1, 1.0)
    _beat(folder, age_s=1.0)
    assert read_job(home, folder.id).state == "running"


def test_read_job__pid_given_to_another_process(home: Home, folder: JobFolder) -> None:
    _run_as(folder, os.getpid(), 1.0)
    _beat(folder, age_s=60.0)
    assert read_job(home, folder.id).state == "interrupted"


def test_read_job__interrupted_says_what_happens(home: Home, folder: JobFolder) -> None:
    _run_as(folder, os.getpid(), 1.0)
    assert "goes on when a worker starts" in str(read_job(home, folder.id).error)


def test_read_job__cancelling(home: Home, folder: JobFolder) -> None:
    _run_as(folder, os.getpid(), process_start(os.getpid()))
    cancel(home, folder.id)
    assert read_job(home, folder.id).state == "cancelling"


def test_read_job__seconds_left(home: Home, folder: JobFolder) -> None:
    _run_as(folder, os.getpid(), process_start(os.getpid()))
    _beat(folder, age_s=0.0)
    job = read_job(home, folder.id)
    assert (job.stage, job.done, job.total, job.seconds_left) == ("reading", 30, 90, 30.0)


def test_job_log__tail(home: Home, folder: JobFolder) -> None:
    for number in range(5):
        folder.log(f"line {number}")
    assert [line.split(" ", 1)[1] for line in job_log(home, folder.id, tail=2)] == [
        "line 3",
        "line 4",
    ]


def test_job_log__not_begun(home: Home, folder: JobFolder) -> None:
    assert job_log(home, folder.id) == []


def test_job_measures__half_written_last_line(home: Home, folder: JobFolder) -> None:
    folder.measures_file.write_text('{"epoch": 1}\n{"epoch": 2}\n{"epo')
    assert job_measures(home, folder.id) == [{"epoch": 1}, {"epoch": 2}]
