import json

import pytest

from mintcore.jobs.folder import JobFolder, job_folder
from mintcore.jobs.queue import job_log, list_jobs, submit
from store.artefacts import Home


@pytest.fixture
def folder(home: Home) -> JobFolder:
    return job_folder(home, submit(home, "extract", {"model": "lenet", "datasets": ["digits"]}))


def test_shorten_log__a_short_one_stays(folder: JobFolder) -> None:
    folder.shorten_log(100)  # there is none yet
    folder.log_file.write_text("one\ntwo\n")
    folder.shorten_log(8)
    assert folder.log_file.read_text() == "one\ntwo\n"


def test_shorten_log__the_newest_whole_lines_stay_and_the_process_writes_on(
    home: Home, folder: JobFolder
) -> None:
    with folder.log_file.open("ab", buffering=0) as process:  # as the job's process holds it
        for number in range(1000):
            process.write(f"line {number}\n".encode())
        folder.shorten_log(1000)
        process.write(b"line 1000\n")
    first, *lines = job_log(home, folder.id, tail=5000)
    assert first == "(earlier lines were dropped)"
    assert lines == [f"line {number}" for number in range(1001 - len(lines), 1001)]
    assert 450 < folder.log_file.stat().st_size <= 1000


@pytest.mark.parametrize("name", ["request.json", "state.json"])
def test_folder__job_of_a_newer_version_is_shown_and_not_to_be_deleted(
    home: Home, name: str
) -> None:
    job = submit(home, "verify", {})
    file = job_folder(home, job).path / name
    file.write_text(json.dumps({**json.loads(file.read_text()), "priority": 3}), encoding="utf-8")
    (shown,) = list_jobs(home)
    assert (shown.id, shown.kind, shown.state) == (job, "unknown", "failed")
    assert f"{name} says 'priority', which this version does not know: update" in str(shown.error)


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", '"x"', "5", "{", "\ud800"])
def test_folder__damaged_request_is_shown(home: Home, content: str) -> None:
    job = submit(home, "verify", {})
    file = job_folder(home, job).path / "request.json"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    (shown,) = list_jobs(home)
    assert "cannot be read" in str(shown.error)
