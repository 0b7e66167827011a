import pytest

from mintcore.jobs.folder import JobFolder, job_folder
from mintcore.jobs.queue import job_log, submit
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
