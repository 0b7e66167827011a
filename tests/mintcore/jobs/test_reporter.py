import json
import re
import time

import pytest

from mintcore.errors import CancelledError
from mintcore.jobs.folder import JobFolder, job_folder
from mintcore.jobs.queue import read_job, submit
from mintcore.jobs.reporter import BEAT_S, JobReporter
from store.artefacts import Home


@pytest.fixture
def folder(home: Home) -> JobFolder:
    return job_folder(home, submit(home, "extract", {"model": "lenet", "datasets": ["digits"]}))


def test_job_reporter__last_progress_is_written(folder: JobFolder) -> None:
    with JobReporter(folder) as reporter:
        reporter.stage("extracting", 10)
        reporter.advance(3)
        reporter.advance()
    progress = json.loads(folder.progress_file.read_text())
    assert (progress["stage"], progress["done"], progress["total"]) == ("extracting", 4, 10)


def test_job_reporter__what_is_reused_belongs_to_its_stage(home: Home, folder: JobFolder) -> None:
    with JobReporter(folder) as reporter:
        reporter.stage("extracting", 10)
        reporter.reuse(4)
    assert read_job(home, folder.id).reused == 4
    with JobReporter(folder) as reporter:
        reporter.stage("extracting", 10)
        reporter.reuse(4)
        reporter.stage("training", 10)
    assert read_job(home, folder.id).reused == 0


def test_job_reporter__heartbeat_without_advance(folder: JobFolder) -> None:
    with JobReporter(folder):
        before = json.loads(folder.progress_file.read_text())["heartbeat"]
        time.sleep(3 * BEAT_S)
        assert json.loads(folder.progress_file.read_text())["heartbeat"] > before


def test_job_reporter__rate_is_steps_a_second(folder: JobFolder) -> None:
    with JobReporter(folder) as reporter:
        reporter.stage("extracting", 100)
        time.sleep(0.4)
        reporter.advance(20)
    assert 2 < json.loads(folder.progress_file.read_text())["rate"] <= 50


def test_job_reporter__cancel_flag_stops_advance(folder: JobFolder) -> None:
    with JobReporter(folder) as reporter:
        reporter.stage("extracting", 10)
        reporter.advance()
        folder.cancel_flag.touch()
        time.sleep(3 * BEAT_S)
        with pytest.raises(CancelledError):
            reporter.advance()


def test_job_reporter__log_lines_have_utc_times(folder: JobFolder) -> None:
    with JobReporter(folder) as reporter:
        reporter.log("12 images were reused")
    line = folder.log_file.read_text()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 12 images were reused\n", line)


def test_job_reporter__measures_one_a_line(folder: JobFolder) -> None:
    with JobReporter(folder) as reporter:
        reporter.measure({"network": "pool1", "epoch": 1, "train_loss": 0.5})
        reporter.measure({"network": "pool1", "epoch": 2, "train_loss": 0.25})
    losses = [
        json.loads(line)["train_loss"] for line in folder.measures_file.read_text().splitlines()
    ]
    assert losses == [0.5, 0.25]
