import fcntl
import multiprocessing
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from store.errors import StoreError
from store.lock import exclusive, held_by_someone

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pandas", "store.feature_store"])


def hold(folder: Path, held: Any, end: Any) -> None:
    with exclusive(folder):
        held.set()
        end.wait(60)


def test_exclusive__keeps_threads_apart(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with exclusive(tmp_path):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1


def test_exclusive__keeps_processes_apart_until_the_other_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, end = processes.Event(), processes.Event()
    child = processes.Process(target=hold, args=(tmp_path, held, end))
    child.start()
    assert held.wait(60)
    with monkeypatch.context() as patch:
        patch.setattr("store.lock.WAIT_S", 0.05)
        with (
            pytest.raises(StoreError, match=r"kept the store .* locked for 0 s: wait until"),
            exclusive(tmp_path),
        ):
            pass
    end.set()

    with exclusive(tmp_path):
        pass
    child.join()
    assert child.exitcode == 0


def test_exclusive__a_killed_process_gives_it_back(tmp_path: Path) -> None:
    held, end = processes.Event(), processes.Event()
    child = processes.Process(target=hold, args=(tmp_path, held, end))
    child.start()
    assert held.wait(60)
    child.kill()

    begin = time.monotonic()
    with exclusive(tmp_path):
        assert time.monotonic() - begin < 5
    child.join()


def test_exclusive__a_process_forked_meanwhile_does_not_keep_it(tmp_path: Path) -> None:
    """As the workers of a data loader, which live long and inherit every open file."""
    reading, writing = os.pipe()
    with exclusive(tmp_path) as file:
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)  # until the parent closes its end
            os._exit(0)

    free = not held_by_someone(file)

    os.close(writing)
    os.waitpid(child, 0)
    os.close(reading)
    assert free


def test_exclusive__an_error_inside_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path):
        raise ZeroDivisionError

    with exclusive(tmp_path):
        pass


def test_exclusive__folder_that_does_not_exist(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match=r"nowhere cannot be written .* check its permissions"),
        exclusive(tmp_path / "nowhere"),
    ):
        pass


def test_held_by_someone__another_open_file_of_this_process(tmp_path: Path) -> None:
    file = tmp_path / "lease.json"
    file.touch()
    assert not held_by_someone(file)

    with file.open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert held_by_someone(file)
    assert not held_by_someone(file)
