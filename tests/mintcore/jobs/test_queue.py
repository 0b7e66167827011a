import json
from datetime import UTC, datetime

import pytest

from mintcore.errors import MintError
from mintcore.jobs.folder import State, job_folder
from mintcore.jobs.queue import cancel, list_jobs, read_job, retry, submit, wait
from mintcore.jobs.tasks import open_queue
from store.artefacts import Home

LENET = {"model": "lenet", "datasets": ["digits"]}


def test_submit__request_on_disk(home: Home) -> None:
    job_id = submit(home, "extract", LENET, device="cpu")
    request = json.loads((home.path / "jobs" / job_id / "request.json").read_text())
    assert (request["kind"], request["params"], request["device"]) == ("extract", LENET, "cpu")
    assert datetime.fromisoformat(request["created"]).tzinfo == UTC


def test_submit__queued(home: Home) -> None:
    job = read_job(home, submit(home, "extract", LENET))
    assert (job.state, job.attempt, job.error) == ("queued", 0, None)


def test_submit__identical_queued_job_is_joined(home: Home) -> None:
    first = submit(home, "extract", LENET)
    assert submit(home, "extract", {"datasets": ("digits",), "model": "lenet"}) == first
    assert open_queue(home).pending_count() == 1


def test_submit__other_request_is_another_job(home: Home) -> None:
    first = submit(home, "extract", LENET)
    assert submit(home, "extract", LENET | {"model": "vgg"}) != first


def test_submit__identical_ended_job_is_not_joined(home: Home) -> None:
    first = submit(home, "extract", LENET)
    cancel(home, first)
    assert submit(home, "extract", LENET) != first


def test_submit__unknown_kind(home: Home) -> None:
    with pytest.raises(MintError, match="No kind of job is called 'mine'"):
        submit(home, "mine", {})


def test_submit__home_that_cannot_be_made(home: Home) -> None:
    home.path.write_text("a file where the folder should be")
    with pytest.raises(MintError, match="cannot be written"):
        submit(home, "extract", LENET)


def test_submit__queue_holds_no_pickle(home: Home) -> None:
    job_id = submit(home, "extract", LENET)
    (row,) = open_queue(home).storage.enqueued_items()
    assert json.loads(bytes(row))["args"] == [job_id]


def test_read_job__unknown(home: Home) -> None:
    with pytest.raises(MintError, match="No job is called 'extract-1'"):
        read_job(home, "extract-1")


def test_read_job__no_path_out_of_the_home(home: Home) -> None:
    submit(home, "extract", LENET)
    with pytest.raises(MintError, match="No job is called"):
        read_job(home, "../jobs")


def test_list_jobs__newest_first(home: Home) -> None:
    ids = [submit(home, "extract", LENET | {"model": model}) for model in ("a", "b", "c")]
    for second, job_id in enumerate(ids):
        folder = job_folder(home, job_id)
        request = json.loads((folder.path / "request.json").read_text())
        request["created"] = f"2026-01-05T10:15:0{second}.000+00:00"
        (folder.path / "request.json").write_text(json.dumps(request))
    assert [job.id for job in list_jobs(home)] == ids[::-1]


def test_list_jobs__empty_home(home: Home) -> None:
    assert list_jobs(home) == []


def test_list_jobs__damaged_job_says_why(home: Home) -> None:
    job_id = submit(home, "extract", LENET)
    (home.path / "jobs" / job_id / "state.json").write_text("{")
    (job,) = list_jobs(home)
    assert job.state == "failed"
    assert "state.json cannot be read" in str(job.error)


def test_cancel__queued(home: Home) -> None:
    job_id = submit(home, "extract", LENET)
    cancel(home, job_id)
    assert read_job(home, job_id).state == "cancelled"


def test_cancel__ended_job_stays(home: Home) -> None:
    job_id = submit(home, "extract", LENET)
    job_folder(home, job_id).write_state(State(state="done", result={"store": "s"}))
    cancel(home, job_id)
    assert read_job(home, job_id).state == "done"


def test_retry__cancelled_job_is_queued_under_its_id(home: Home) -> None:
    job_id = submit(home, "extract", LENET)
    cancel(home, job_id)
    assert retry(home, job_id) == job_id
    assert read_job(home, job_id).state == "queued"


def test_retry__joins_an_identical_queued_job(home: Home) -> None:
    first = submit(home, "extract", LENET)
    cancel(home, first)
    second = submit(home, "extract", LENET)
    assert retry(home, first) == second


def test_retry__done_job(home: Home) -> None:
    job_id = submit(home, "extract", LENET)
    job_folder(home, job_id).write_state(State(state="done"))
    with pytest.raises(MintError, match="is done"):
        retry(home, job_id)


def test_wait__too_long(home: Home) -> None:
    job_id = submit(home, "extract", LENET)
    with pytest.raises(MintError, match=r"still queued after 0\.1 seconds"):
        wait(home, job_id, timeout_s=0.1)
