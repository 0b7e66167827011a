import os

import pytest

from mintcore.errors import MintError
from mintcore.jobs.folder import JobFolder, State, job_folder
from mintcore.jobs.queue import submit
from mintcore.jobs.transitions import claim, crash, finish, queue_again, resume, stop, take_over
from store.artefacts import Home


@pytest.fixture
def running(home: Home) -> JobFolder:
    folder = job_folder(home, submit(home, "extract", {"model": "lenet", "datasets": ["digits"]}))
    assert claim(folder)
    return folder


def test_claim__only_once(running: JobFolder) -> None:
    assert not claim(running)


def test_claim__forgets_measures_of_the_attempt_before(running: JobFolder) -> None:
    running.measures_file.write_text('{"epoch": 1}\n')
    assert crash(running, "It died.")
    claim(running)
    assert not running.measures_file.exists()


def test_take_over__claimed_by_another_worker(running: JobFolder) -> None:
    with pytest.raises(MintError, match="not this worker's any more"):
        take_over(running, worker_pid=os.getpid() + 1)


def test_finish__cancelled_beats_failed(running: JobFolder) -> None:
    running.cancel_flag.touch()
    finish(running, "failed", error="ValueError: the pool broke")
    assert (running.state().state, running.state().error) == ("cancelled", None)


def test_finish__done_beats_a_late_cancel(running: JobFolder) -> None:
    running.cancel_flag.touch()
    finish(running, "done", result={"store": "s"})
    assert (running.state().state, running.state().result) == ("done", {"store": "s"})


def test_finish__ended_job_stays(running: JobFolder) -> None:
    finish(running, "failed", error="first")
    finish(running, "done", result={})
    assert (running.state().state, running.state().error) == ("failed", "first")


def test_crash__first_is_queued_again(running: JobFolder) -> None:
    assert crash(running, "It died.")
    assert running.state().state == "queued"


def test_crash__second_waits_for_a_person(running: JobFolder) -> None:
    crash(running, "It died.")
    claim(running)
    assert not crash(running, "It died again.")
    state = running.state()
    assert (state.state, state.attempt, state.error) == ("interrupted", 2, "It died again.")


def test_crash__cancelled_job_is_not_queued_again(running: JobFolder) -> None:
    running.cancel_flag.touch()
    assert not crash(running, "It died.")
    assert running.state().state == "cancelled"


def test_resume__stopped_with_its_worker_however_often(running: JobFolder) -> None:
    for _ in range(3):
        stop(running)
        assert resume(running)
        assert claim(running)
    assert running.state().attempt == 4


def test_resume__crashed_twice_waits_for_a_person(running: JobFolder) -> None:
    running.write_state(State(state="interrupted", attempt=2, crashes=2))
    assert not resume(running)


def test_queue_again__crashes_are_forgiven(running: JobFolder) -> None:
    running.write_state(State(state="interrupted", attempt=2, crashes=2))
    assert queue_again(running)
    assert (running.state().crashes, running.state().attempt) == (0, 2)


def test_queue_again__running_job_is_left_alone(running: JobFolder) -> None:
    assert not queue_again(running)
    assert running.state().state == "running"
