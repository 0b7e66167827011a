import json

import pytest
from typer.testing import CliRunner

from mintcore.cli.jobs import app
from mintcore.errors import MintError
from mintcore.jobs.folder import job_folder
from mintcore.jobs.queue import cancel, list_jobs, submit
from store.artefacts import Home


def _run(home: Home, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--home", str(home.path)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture
def job_id(home: Home) -> str:
    return submit(home, "extract", {"model": "lenet", "datasets": ["digits"]})


def test_list__json(home: Home, job_id: str) -> None:
    (job,) = json.loads(_run(home, "list", "--json"))
    assert (job["id"], job["state"], job["params"]["model"]) == (job_id, "queued", "lenet")


def test_list__for_a_person(home: Home, job_id: str) -> None:
    assert "queued" in _run(home, "list")


def test_show__json(home: Home, job_id: str) -> None:
    assert json.loads(_run(home, "show", job_id, "--json"))["kind"] == "extract"


def test_show__unknown_job(home: Home) -> None:
    with pytest.raises(MintError, match="No job is called 'nothing'"):
        _run(home, "show", "nothing")


def test_log__last_lines(home: Home, job_id: str) -> None:
    job_folder(home, job_id).log("reading 12 images")
    job_folder(home, job_id).log("12 images were reused")
    printed = _run(home, "log", job_id, "--tail", "1")
    assert "12 images were reused" in printed
    assert "reading" not in printed


def test_cancel_and_retry__state_is_shown(home: Home, job_id: str) -> None:
    assert json.loads(_run(home, "cancel", job_id, "--json"))["state"] == "cancelled"
    assert json.loads(_run(home, "retry", job_id, "--json"))["state"] == "queued"


def test_prune__says_what_it_would_delete_and_deletes_with_yes(home: Home, job_id: str) -> None:
    cancel(home, job_id)
    waiting = submit(home, "extract", {"model": "other", "datasets": ["digits"]})
    assert f"{job_id}\n1 jobs would be deleted" in _run(home, "prune", "--days", "0")
    assert json.loads(_run(home, "prune", "--yes", "--json"))["jobs"] == []  # of today
    assert len(list_jobs(home)) == 2
    said = json.loads(_run(home, "prune", "--days", "0", "--yes", "--json"))
    assert said == {"jobs": [job_id], "deleted": True}
    assert [job.id for job in list_jobs(home)] == [waiting]
    assert [path.name for path in (home.path / "jobs").glob("*/")] == [waiting]
