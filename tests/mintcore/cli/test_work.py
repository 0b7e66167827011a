"""The same work, done here or left to the job queue."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mintcore.jobs import queue
from mintcore.jobs.folder import job_folder
from mintcore.jobs.process import do_job
from mintcore.jobs.transitions import claim
from store.artefacts import Home

SWEEP = ("sweep", "net", "--members", "members", "--external", "external", "--layers", "output")


def do(home: Home, job_id: str) -> None:
    """Do a queued job as the worker's process does."""
    folder = job_folder(home, job_id)
    assert claim(folder)
    do_job(home, folder)


@pytest.fixture
def worker(digits_home: Home, monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Let a thread do each job that is asked for."""
    submit: Callable[..., str] = queue.submit
    threads: list[threading.Thread] = []

    def submit_and_do(*given: Any) -> str:
        job_id = submit(*given)
        threads.append(threading.Thread(target=do, args=(digits_home, job_id)))
        threads[-1].start()
        return job_id

    monkeypatch.setattr(queue, "submit", submit_and_do)
    return threads


def test_queue__returns_at_once_and_the_job_does_what_the_command_does(
    mint: Any, digits_home: Home
) -> None:
    code, printed, _ = mint(*SWEEP, "--kinds", "linear", "--queue", "--json")
    job = json.loads(printed)
    assert (code, job["kind"], job["state"]) == (0, "sweep", "queued")
    do(digits_home, job["id"])
    (auditor,) = queue.read_job(digits_home, job["id"]).result["auditors"]
    code, printed, _ = mint(*SWEEP, "--kinds", "linear", "--json")
    assert [row["auditor"] for row in json.loads(printed)] == [auditor]


@pytest.mark.usefixtures("worker")
def test_wait__shows_what_the_command_shows(mint: Any, digits_home: Home) -> None:
    auditor = next(
        card["id"] for card in digits_home.cards("auditors") if card["auditor_kind"] == "vanilla"
    )
    waited = mint("audit", "dataset", auditor, "mixed", "--wait", "--json")
    here = mint("audit", "dataset", auditor, "mixed", "--json")
    assert waited[:2] == here[:2]
    assert json.loads(here[1])["dataset"] == "mixed"
    assert "No worker serves" in waited[2]


@pytest.mark.usefixtures("worker")
def test_wait__a_job_that_fails_is_one_sentence_and_exit_code_2(mint: Any) -> None:
    code, printed, complaint = mint("audit", "dataset", "nobody", "mixed", "--wait")
    assert (code, printed) == (2, "")
    last = " ".join(complaint.split("mint: ")[-1].split())
    assert last.startswith("Job audit-")
    assert "failed. No auditor is called 'nobody'" in last


def test_wait__a_job_that_somebody_cancels(
    mint: Any, digits_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit: Callable[..., str] = queue.submit

    def submit_and_cancel(*given: Any) -> str:
        job_id = submit(*given)
        queue.cancel(digits_home, job_id)
        return job_id

    monkeypatch.setattr(queue, "submit", submit_and_cancel)
    code, printed, complaint = mint("extract", "net", "members", "--wait")
    assert (code, printed) == (130, "")
    assert "stopped; what was committed is kept" in complaint


def test_wait__ctrl_c_leaves_the_job_and_says_how_to_stop_it(
    mint: Any, digits_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue, "read_job", interrupted)
    code, _, complaint = mint("extract", "net", "members", "--wait")
    (job,) = queue.list_jobs(digits_home)
    assert (code, job.state) == (130, "queued")
    assert f"`mint jobs cancel {job.id}` stops it" in " ".join(complaint.split())


@pytest.mark.usefixtures("worker")
def test_wait__verify_ends_with_1_where_something_is_damaged(mint: Any, digits_home: Home) -> None:
    assert mint("store", "verify", "--wait")[0] == 0
    for card in digits_home.path.glob("stores/*/card.json"):
        card.write_text("{}")
    assert mint("store", "verify", "--wait")[0] == 1


def test_queue__a_model_given_as_code_is_not_run_by_a_job(
    mint: Any, digits_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {
        "name": "mine",
        "arch": "json:loads",
        "datasets": ["members"],
        "preprocessing": {"size": [28, 28], "mean": [0.3], "std": [0.3]},
        "allow_code": True,
    }
    job_id = queue.submit(digits_home, "train-model", params)
    do(digits_home, job_id)
    job = queue.read_job(digits_home, job_id)
    assert job.state == "failed"
    assert job.error == ("A job runs no code of yours: train this model without --wait or --queue.")


@pytest.mark.usefixtures("worker")
def test_batch__one_that_is_refused_is_said_and_the_exit_code_is_1(
    mint: Any, digits_home: Home
) -> None:
    auditor = digits_home.cards("auditors")[0]["id"]
    words = ("audit", "batch", "--auditor", auditor, "--dataset", "mixed", "--dataset", "external")
    code, printed, complaint = mint(*words, "--wait")
    assert code == 1
    assert "mixed" in printed
    assert f"mint: external by {auditor}: Only 0 externals" in " ".join(complaint.split())
    code, printed, _ = mint(*words, "--json")
    said = json.loads(printed)
    assert (code, [card["dataset"] for card in said["audits"]]) == (1, ["mixed"])
    assert len(said["refused"]) == 1
