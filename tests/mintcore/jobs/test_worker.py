import shutil
import subprocess
from pathlib import Path

import pytest
from fault_processes import fill_disk
from job_processes import StartWorker, gone, kill, until, until_counting

from mintcore.jobs.queue import cancel, job_log, job_measures, read_job, submit, wait
from mintcore.jobs.worker import is_served
from store.artefacts import Home

SLOW = {"model": "slow", "datasets": ["digits"]}


def _decoder_pid(home: Home, job_id: str) -> int:
    (line,) = [line for line in job_log(home, job_id) if "decoder" in line]
    return int(line.split()[-1])


def test_worker__job_is_done(home: Home, start_worker: StartWorker) -> None:
    start_worker()
    job_id = submit(home, "extract", {"model": "fine", "datasets": ["digits"]})
    job = wait(home, job_id, timeout_s=20)
    assert (job.state, job.result) == ("done", {"model": "fine", "datasets": ["digits"]})
    assert job_measures(home, job_id) == [{"epoch": 1, "train_loss": 0.5}]


def test_worker__refused_job_gives_its_sentence(home: Home, start_worker: StartWorker) -> None:
    start_worker()
    job = wait(home, submit(home, "extract", {"model": "refused", "datasets": []}), timeout_s=20)
    assert (job.state, job.error) == ("failed", "No model is called 'refused'.")


def test_worker__traceback_goes_to_the_log_only(home: Home, start_worker: StartWorker) -> None:
    start_worker()
    job = wait(home, submit(home, "extract", {"model": "broken", "datasets": []}), timeout_s=20)
    assert (job.state, job.error) == ("failed", "ValueError: first line second line")
    assert any("Traceback" in line for line in job_log(home, job.id))


def test_worker__a_job_that_wants_too_much_memory_fails_alone(
    home: Home, start_worker: StartWorker
) -> None:
    start_worker()
    job = wait(home, submit(home, "extract", {"model": "greedy", "datasets": []}), timeout_s=20)
    assert (job.state, job.error) == (
        "failed",
        "The job ran out of memory; what it had stored is kept.",
    )
    job_id = submit(home, "extract", {"model": "fine", "datasets": []})
    assert wait(home, job_id, timeout_s=20).state == "done"


def test_worker__running_job_is_cancelled(home: Home, start_worker: StartWorker) -> None:
    start_worker()
    job_id = submit(home, "extract", SLOW)
    until_counting(home, job_id)
    cancel(home, job_id)
    assert wait(home, job_id, timeout_s=20).state == "cancelled"
    until(lambda: gone(_decoder_pid(home, job_id)))


def test_worker__killed_job_is_started_once_again(home: Home, start_worker: StartWorker) -> None:
    start_worker()
    job_id = submit(home, "extract", SLOW)
    kill(until_counting(home, job_id, attempt=1))
    kill(until_counting(home, job_id, attempt=2))
    until(lambda: "memory" in str(read_job(home, job_id).error))
    job = read_job(home, job_id)
    assert (job.state, job.attempt) == ("interrupted", 2)


def test_worker__killed_worker_leaves_no_process_and_the_next_goes_on(
    home: Home, start_worker: StartWorker
) -> None:
    worker = start_worker()
    job_id = submit(home, "extract", SLOW)
    pids = [until_counting(home, job_id), _decoder_pid(home, job_id)]
    worker.kill()
    until(lambda: all(gone(pid) for pid in pids))
    until(lambda: read_job(home, job_id).state == "interrupted")
    start_worker()
    until_counting(home, job_id, attempt=2)


def test_worker__stopped_worker_interrupts_and_the_next_goes_on(
    home: Home, start_worker: StartWorker
) -> None:
    worker = start_worker()
    job_id = submit(home, "extract", SLOW)
    pid = until_counting(home, job_id)
    worker.terminate()
    assert worker.wait(15) == 0
    assert gone(pid)
    assert read_job(home, job_id).state == "interrupted"
    start_worker()
    until_counting(home, job_id, attempt=2)


def test_worker__second_one_idles_and_takes_over(
    home: Home, start_worker: StartWorker, tmp_path: Path
) -> None:
    first = start_worker()
    until(lambda: "Working on" in (tmp_path / "worker.txt").read_text())
    start_worker()
    until(lambda: "Another worker serves" in (tmp_path / "worker.txt").read_text())
    first.terminate()
    job = wait(home, submit(home, "extract", {"model": "fine", "datasets": []}), timeout_s=20)
    assert job.state == "done"


def test_worker__job_whose_queue_row_was_lost_is_found(
    home: Home, start_worker: StartWorker
) -> None:
    job_id = submit(home, "extract", {"model": "fine", "datasets": []})
    (home.path / "jobs.sqlite").unlink()
    start_worker()
    assert wait(home, job_id, timeout_s=20).state == "done"


def test_is_served__as_long_as_a_worker_lives(home: Home, start_worker: StartWorker) -> None:
    assert not is_served(home)
    worker = start_worker()
    until(lambda: is_served(home))
    worker.kill()
    worker.wait()
    assert not is_served(home)
    start_worker()
    until(lambda: is_served(home))


def test_is_served__a_lock_file_of_an_earlier_version_is_empty(home: Home) -> None:
    home.path.mkdir()
    (home.path / "worker.lock").touch()
    assert not is_served(home)


def test_worker__waits_for_room_on_a_full_disk(
    home: Home, start_worker: StartWorker, tmp_path: Path
) -> None:
    home.path.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(home.path)]
    if not shutil.which("mount") or subprocess.run(small, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        filler = fill_disk(home)
        worker, log = start_worker(), tmp_path / "worker.txt"
        until(lambda: "is full: waiting for room." in log.read_text())
        filler.unlink()
        until(lambda: is_served(home))
        assert worker.poll() is None
        assert "Traceback" not in log.read_text()
    finally:
        subprocess.run(["umount", "--lazy", str(home.path)], check=True)


def test_worker__a_home_that_cannot_be_written_is_one_sentence_in_its_log(
    home: Home, start_worker: StartWorker, tmp_path: Path
) -> None:
    home.path.touch()
    assert start_worker().wait(20) == 2
    (sentence,) = (tmp_path / "worker.txt").read_text().splitlines()
    assert "cannot be written" in sentence
