"""Leases of runs that live, that died, that sleep, and of those on other machines."""

import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from store.errors import StoreError
from store.feature_store import FeatureStore, open_store
from store.layout import ArraySpec
from store.leases import LEASE_S, lease_file, leases, taking_lease
from store.staging import StagedArrays

A = ArraySpec("layer1", "pooled", (4,))
ONE, TWO = "0" * 31 + "1", "0" * 31 + "2"

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pandas", "store.feature_store"])


def values(number: float) -> dict[str, np.ndarray]:
    return {A.key: np.full((1, 4), number, np.float16)}


def commit(store: FeatureStore, sample_id: str, number: float) -> None:
    with store.writer([A], 1) as writer:
        writer.commit([sample_id], values(number))


def commit_at_the_end(folder: Path, begun: Any, end: Any) -> None:
    with open_store(folder).writer([A], 1) as writer:
        begun.set()
        end.wait(60)
        writer.commit([ONE], values(1))


@contextmanager
def running(store: FeatureStore) -> Iterator[tuple[Any, Callable[[], None]]]:
    """Give a process that holds a writer, and what lets it commit and end."""
    begun, end = processes.Event(), processes.Event()
    child = processes.Process(target=commit_at_the_end, args=(store.folder, begun, end))
    child.start()
    assert begun.wait(60)

    def finish() -> None:
        end.set()
        child.join()
        assert child.exitcode == 0

    yield child, finish
    child.kill()
    child.join()


def only_lease(store: FeatureStore) -> Path:
    (folder,) = leases(store.folder)
    return folder


def age(lease: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(lease_file(lease), (then, then))


def move_to_another_machine(lease: Path) -> None:
    fields = json.loads(lease_file(lease).read_text())
    lease_file(lease).write_text(json.dumps(fields | {"host": "elsewhere 1234"}))


def leave_dead_lease(store: FeatureStore) -> Path:
    """Make what a run leaves that was killed between two blocks."""
    with running(store) as (child, _):
        child.kill()
        child.join()
    return only_lease(store)


def test_lease__is_given_back(store: FeatureStore) -> None:
    with store.writer([A], 1):
        assert len(leases(store.folder)) == 1

    assert leases(store.folder) == []


def test_lease__of_a_living_run_is_kept_even_with_an_old_heartbeat(store: FeatureStore) -> None:
    with running(store) as (_, finish):
        age(only_lease(store), 10 * LEASE_S)
        commit(store, TWO, 2)
        finish()

    assert store.read(A.key, store.locate(A.key, [ONE, TWO]))[:, 0].tolist() == [1, 2]


def test_lease__of_a_stopped_process_is_kept(store: FeatureStore) -> None:
    with running(store) as (child, finish):
        os.kill(child.pid, signal.SIGSTOP)
        age(only_lease(store), 10 * LEASE_S)
        commit(store, TWO, 2)
        os.kill(child.pid, signal.SIGCONT)
        finish()

    assert store.read(A.key, store.locate(A.key, [ONE, TWO]))[:, 0].tolist() == [1, 2]


def test_lease__of_a_dead_run_is_taken_over_at_once(store: FeatureStore) -> None:
    dead = leave_dead_lease(store)
    (dead / "tmp123").mkdir()

    with store.writer([A], 1):
        assert not dead.exists()
        assert len(leases(store.folder)) == 1


def test_lease__of_another_machine_lives_while_its_heart_beats(store: FeatureStore) -> None:
    lease = leave_dead_lease(store)
    move_to_another_machine(lease)
    age(lease, LEASE_S - 20)

    with store.writer([A], 1):
        assert lease.exists()


def test_lease__of_another_machine_is_taken_over_when_it_was_silent(store: FeatureStore) -> None:
    lease = leave_dead_lease(store)
    move_to_another_machine(lease)
    age(lease, LEASE_S + 1)

    with store.writer([A], 1):
        assert not lease.exists()


def test_lease__of_an_earlier_start_of_this_machine_is_dead(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore, tmp_path: Path
) -> None:
    """Its host differs from today's, but a reboot is no other machine for longer than LEASE_S."""
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("yesterday")
    with monkeypatch.context() as patch:
        patch.setattr("store.leases._BOOT_ID", boot_id)
        lease = store.folder / "leases" / "old"
        with taking_lease(store.folder):
            shutil.copytree(only_lease(store), lease)
    age(lease, LEASE_S + 1)

    with store.writer([A], 1):
        assert not lease.exists()


@pytest.mark.parametrize("content", ["", '{"host', "{}"])
def test_lease__half_written_by_a_run_that_was_killed(store: FeatureStore, content: str) -> None:
    lease = leave_dead_lease(store)
    lease_file(lease).write_text(content)

    with store.writer([A], 1):
        assert not lease.exists()


def test_lease__a_stray_file_among_the_leases_stops_nobody(store: FeatureStore) -> None:
    (store.folder / "leases" / ".DS_Store").touch()

    commit(store, ONE, 1)

    assert store.locate(A.key, [ONE]).tolist() == [0]


def take_over(monkeypatch: pytest.MonkeyPatch, store: FeatureStore, lease: Path) -> None:
    """Write as a run on another machine does, for which this machine has been silent."""
    move_to_another_machine(lease)
    age(lease, LEASE_S + 1)
    with monkeypatch.context() as patch:
        patch.setattr("store.leases.held_by_someone", lambda _: False)
        commit(open_store(store.folder), TWO, 2)


def test_commit__after_the_lease_was_taken_over(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    with store.writer([A], 1) as writer:
        take_over(monkeypatch, store, only_lease(store))
        with pytest.raises(StoreError, match=r"Another run has taken over the lease .* run again"):
            writer.commit([ONE], values(1))

    assert store.locate(A.key, [ONE, TWO]).tolist() == [-1, 0]
    assert store.read(A.key, np.array([0]))[0, 0] == 2
    assert leases(store.folder) == []


def test_commit__the_lease_is_taken_over_while_shards_are_written(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    def write_late(self: object, *given: Any) -> Any:
        sizes = write(self, *given)
        with monkeypatch.context() as patch:
            patch.setattr("store.staging.StagedArrays.finish", write)
            take_over(monkeypatch, store, lease)
        return sizes

    with store.writer([A], 1) as writer:
        lease = only_lease(store)
        write = StagedArrays.finish
        monkeypatch.setattr("store.staging.StagedArrays.finish", write_late)
        with pytest.raises(StoreError, match="Another run has taken over the lease"):
            writer.commit([ONE], values(1))

    assert store.locate(A.key, [ONE, TWO]).tolist() == [-1, 0]
    assert store.read(A.key, np.array([0]))[0, 0] == 2


def test_heartbeat__beats(monkeypatch: pytest.MonkeyPatch, store: FeatureStore) -> None:
    monkeypatch.setattr("store.leases.HEARTBEAT_S", 0.01)
    with store.writer([A], 1):
        lease = only_lease(store)
        age(lease, 1000)
        end = time.monotonic() + 10
        while time.time() - lease_file(lease).stat().st_mtime > 500:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_heartbeat__ends_with_the_run(monkeypatch: pytest.MonkeyPatch, store: FeatureStore) -> None:
    monkeypatch.setattr("store.leases.HEARTBEAT_S", 0.01)
    before = threading.active_count()

    with store.writer([A], 1):
        assert threading.active_count() == before + 1

    assert threading.active_count() == before


def test_heartbeat__goes_on_after_a_take_over_without_an_error(
    monkeypatch: pytest.MonkeyPatch, store: FeatureStore
) -> None:
    monkeypatch.setattr("store.leases.HEARTBEAT_S", 0.005)
    with store.writer([A], 1):
        shutil.rmtree(only_lease(store))
        time.sleep(0.05)

    assert leases(store.folder) == []


def test_new_array__two_runs_make_it_at_the_same_time(store: FeatureStore) -> None:
    barrier = threading.Barrier(2)
    errors: list[BaseException] = []

    def work(sample_id: str, number: int) -> None:
        try:
            own = open_store(store.folder)
            barrier.wait()
            commit(own, sample_id, number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(s, n)) for n, s in enumerate([ONE, TWO], 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert store.read(A.key, store.locate(A.key, [ONE, TWO]))[:, 0].tolist() == [1, 2]


def test_new_array__another_run_has_a_lease_but_has_not_made_it_yet(store: FeatureStore) -> None:
    with taking_lease(store.folder):
        commit(store, ONE, 1)

    assert store.locate(A.key, [ONE]).tolist() == [0]


def test_new_array__a_living_run_writes_it_with_other_rows(store: FeatureStore) -> None:
    other = ArraySpec("layer1", "pooled", (5,))
    with store.writer([A], 1) as writer:
        with (
            pytest.raises(StoreError, match=r"Another run is writing layer1/pooled .* \(5,\)"),
            open_store(store.folder).writer([other], 1),
        ):
            pass
        writer.commit([ONE], values(1))

    assert store.specs() == {A.key: A}


def test_new_array__a_second_run_shares_what_the_first_has_made(store: FeatureStore) -> None:
    with store.writer([A], 1) as first, open_store(store.folder).writer([A], 1) as second:
        assert second.commit([TWO], values(2)) == 0
        assert first.commit([ONE], values(1)) == 1

    assert store.read(A.key, store.locate(A.key, [ONE, TWO]))[:, 0].tolist() == [1, 2]
