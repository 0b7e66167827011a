from pathlib import Path

import pytest
from job_processes import StartWorker, until, until_counting

from mintcore.jobs import lanes
from mintcore.jobs.folder import Request
from mintcore.jobs.lanes import lane_of
from mintcore.jobs.queue import cancel, list_jobs, read_job, submit, wait
from store.artefacts import Home

SLOW = {"model": "slow", "datasets": ["digits"]}


@pytest.fixture
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where a machine with a GPU lists it."""
    folder = tmp_path / "gpus"
    monkeypatch.setattr(lanes, "_GPUS", folder)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return folder


def lane(device: str, kind: str = "extract") -> str:
    return lane_of(Request(kind, {}, device, ""))


def test_lane_of__is_the_device(gpu: Path) -> None:
    assert [lane(device) for device in ("auto", "cpu", "cuda:1")] == ["cpu", "cpu", "cuda:1"]
    (gpu / "0000:01:00.0").mkdir(parents=True)
    assert [lane(device) for device in ("auto", "cuda", "cpu")] == ["cuda:0", "cuda:0", "cpu"]


def test_lane_of__a_hidden_gpu_is_none(gpu: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (gpu / "0000:01:00.0").mkdir(parents=True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert lane("auto") == "cpu"


def test_lane_of__what_needs_no_device_has_its_own() -> None:
    assert lane("auto", "verify") == lane("cpu", "verify") == "short"


def test_worker__one_heavy_job_at_a_time_and_a_short_one_beside_it(
    home: Home, start_worker: StartWorker
) -> None:
    start_worker()
    first = submit(home, "extract", SLOW)
    until_counting(home, first)
    second = submit(home, "extract", SLOW | {"datasets": ["other"]})
    assert wait(home, submit(home, "verify", {}), timeout_s=20).state == "done"
    assert read_job(home, first).state == "running"
    assert read_job(home, second).state == "queued"
    cancel(home, first)
    until_counting(home, second)


def test_worker__as_many_at_once_as_the_limit_says(
    home: Home, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_JOBS_AT_ONCE", "2")
    worker = start_worker()
    asked = [submit(home, "extract", SLOW | {"datasets": [name]}) for name in "abc"]
    for job_id in asked[:2]:
        until_counting(home, job_id)
    assert [read_job(home, job_id).state for job_id in asked] == ["running", "running", "queued"]
    worker.terminate()
    assert worker.wait(20) == 0
    states = [read_job(home, job_id).state for job_id in asked]
    assert states == ["interrupted", "interrupted", "queued"]


def test_worker__fifty_queued_jobs_are_all_done(home: Home, start_worker: StartWorker) -> None:
    for number in range(50):
        submit(home, "extract", {"model": "fine", "datasets": [str(number)]})
    start_worker()
    until(lambda: all(job.state == "done" for job in list_jobs(home)), timeout_s=120)
    assert len(list_jobs(home)) == 50


def test_worker__what_is_not_free_is_said_and_the_job_does_not_begin(
    home: Home, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_JOBS_FREE_DISK_MIB", str(2**40))
    start_worker()
    job = wait(home, submit(home, "extract", SLOW), timeout_s=20)
    assert (job.state, job.stage) == ("failed", "")
    assert job.error is not None
    assert job.error.startswith("The job did not begin: ")
