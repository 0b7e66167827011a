"""Jobs of the real engine that are killed, cancelled and out of room, in each of their stages.

Extraction, training and audit run at once, each in a home of its own: loading PyTorch takes longest.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from fault_processes import (
    MINT,
    Trial,
    check_failed,
    check_settled,
    check_whole,
    fill_disk,
    lasting,
    made,
    result_of,
    see_through,
    see_to,
    strike,
)
from job_processes import until

from mintcore.auditors.fitting import FitSettings
from mintcore.batch_audit import BatchRequest
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.extraction.requests import ExtractionRequest
from mintcore.jobs.folder import job_folder
from mintcore.jobs.kinds import work_of
from mintcore.jobs.queue import cancel, list_jobs, read_job, retry, submit
from mintcore.progress import SilentReporter
from mintcore.sweep import SweepRequest
from store.artefacts import Home

AUDITORS = ("net.block2.vanilla.2c28433ecc", "net.output.vanilla.7023f6aae5")
REQUESTS: dict[str, Any] = {
    # "bought" lacks two layers and "members" one, so two blocks are committed
    "extract": ExtractionRequest("net", ("members", "bought"), layers="block2,block3"),
    "train": SweepRequest(
        "net",
        "members",
        "external",
        layers="block1,block3",
        kinds=("vanilla",),
        seeds=1,
        settings=FitSettings(epochs=3),
    ),
    "audit": BatchRequest(AUDITORS, ("bought",)),
}
FRESH = "Extract net-fresh-0 1"
STAGES = {
    "extract": ["Extract net 1"],
    "train": ["Extract net 1", FRESH, "Train auditors 1"],
    "audit": ["Extract net 1", FRESH],
}
PLACES = {
    "extract": [*STAGES["extract"], "commit 2"],
    "train": [*STAGES["train"], "publish 2"],
    "audit": [*STAGES["audit"], "publish 2"],
}
VICTIMS = ("worker", "dashboard", "all")
ALL_FAULTS = "MINT_ALL_FAULTS"
"""Set to 1, every victim is killed in every stage; that takes two minutes more. Usually they take turns."""


@dataclass(frozen=True)
class Undisturbed:
    """What a kind of job gives, and what it makes."""

    result: dict[str, Any]
    made: dict[str, Any]


@pytest.fixture(scope="module")
def with_bought(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small home folder, and a dataset of images that it has not seen."""
    folder = tmp_path_factory.mktemp("bought")
    shutil.copytree(prepared, folder / "home")
    with np.load(prepared.parent / "members.npz") as members:
        np.savez(folder / "bought.npz", images=255 - members["images"][:200])
    add_dataset(Home(folder / "home"), "bought", f"arrays:{folder / 'bought.npz'}", "unknown")
    return folder / "home"


@pytest.fixture(scope="module")
def undisturbed(
    with_bought: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Undisturbed]:
    found = {}
    for kind, request in REQUESTS.items():
        home = Home(tmp_path_factory.mktemp(kind) / "home")
        shutil.copytree(with_bought, home.path)
        result = work_of(kind)(home, asdict(request), "cpu", SilentReporter())
        found[kind] = Undisturbed(lasting(json.loads(json.dumps(result))), made(home))
    return found


@pytest.fixture
def trials(with_bought: Path, tmp_path: Path) -> dict[str, Trial]:
    """A home folder for each kind of job."""
    return {kind: trial_in(tmp_path / kind, with_bought) for kind in REQUESTS}


@pytest.fixture
def trial(with_bought: Path, tmp_path: Path) -> Trial:
    return trial_in(tmp_path, with_bought)


@pytest.fixture
def small_disk(with_bought: Path, tmp_path: Path) -> Iterator[Trial]:
    """A home folder on a file system of its own with little room."""
    (tmp_path / "home").mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "none", str(tmp_path / "home")]
    if not shutil.which("mount") or subprocess.run(command, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield trial_in(tmp_path, with_bought)
    subprocess.run(["umount", "--lazy", str(tmp_path / "home")], check=True)


def trial_in(folder: Path, with_bought: Path) -> Trial:
    shutil.copytree(with_bought, folder / "home", dirs_exist_ok=True)
    return Trial(folder)


def at_once(story: Callable[[str], None]) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(story, REQUESTS))


def ask(trial: Trial, kind: str) -> str:
    return submit(trial.home, kind, asdict(REQUESTS[kind]), device="cpu")


def strikes_of(kind: str) -> list[tuple[str, str]]:
    """List in which stage which victim is killed."""
    if os.environ.get(ALL_FAULTS) == "1":
        return [(stage, victim) for stage in STAGES[kind] for victim in VICTIMS]
    first = list(REQUESTS).index(kind)
    return [(stage, VICTIMS[(first + at) % 3]) for at, stage in enumerate(STAGES[kind])]


def check_as_if_undisturbed(trial: Trial, job_id: str, expected: Undisturbed) -> None:
    assert trial.all_met()
    check_settled(trial.home)
    assert result_of(trial.home, job_id) == expected.result
    assert made(trial.home) == expected.made


def test_jobs__killed_in_each_stage_end_as_if_undisturbed(
    trials: dict[str, Trial], undisturbed: dict[str, Undisturbed]
) -> None:
    def story(kind: str) -> None:
        trial = trials[kind]
        trial.plan("kill", PLACES[kind])
        job_id = ask(trial, kind)
        with trial.worker():
            see_through(trial.home, job_id)
        assert read_job(trial.home, job_id).attempt == len(PLACES[kind]) + 1
        check_as_if_undisturbed(trial, job_id, undisturbed[kind])

    at_once(story)


def test_jobs__cancelled_in_each_stage_keep_what_there_is_and_end_as_if_undisturbed(
    trials: dict[str, Trial], undisturbed: dict[str, Undisturbed]
) -> None:
    def story(kind: str) -> None:
        trial = trials[kind]
        trial.plan("hold", STAGES[kind])
        job_id = ask(trial, kind)
        with trial.worker():
            for stage in STAGES[kind]:
                see_to(trial.home, job_id, trial.holds(stage))
                cancel(trial.home, job_id)
                until(lambda: read_job(trial.home, job_id).state == "cancelled", timeout_s=5)
                trial.release(stage)
                check_whole(trial.home)
                retry(trial.home, job_id)
            see_through(trial.home, job_id)
        check_as_if_undisturbed(trial, job_id, undisturbed[kind])

    at_once(story)


def test_jobs__worker_and_dashboard_killed_in_each_stage_end_as_if_undisturbed(
    trials: dict[str, Trial], undisturbed: dict[str, Undisturbed]
) -> None:
    def story(kind: str) -> None:
        trial, strikes = trials[kind], strikes_of(kind)
        trial.plan("hold", [strikes[0][0]])
        job_id = ask(trial, kind)
        with ExitStack() as running:
            dashboard = running.enter_context(trial.dashboard())
            for number, (stage, victim) in enumerate(strikes, 1):
                see_to(trial.home, job_id, trial.holds(stage))
                strike(dashboard, victim)
                trial.release(stage)
                trial.plan("hold", [following for following, _ in strikes[number : number + 1]])
                if victim != "worker":
                    dashboard = running.enter_context(trial.dashboard())
            see_through(trial.home, job_id)
        check_as_if_undisturbed(trial, job_id, undisturbed[kind])

    at_once(story)


def test_home__two_dashboards_and_three_command_lines_at_once(
    trial: Trial, undisturbed: dict[str, Undisturbed]
) -> None:
    same = ["extract", "net", "members", "bought", "--layers", "block2,block3", "--device", "cpu"]
    others = [
        ["extract", "net", "external", "--layers", "dense", "--views", "pooled"],
        ["store", "verify"],
        ["store", "verify", "net-9758e028f19f"],
    ]
    trial.plan("hold", STAGES["extract"])
    with trial.dashboard(), trial.dashboard():
        commands = [
            trial.start(*MINT, *words, "--queue", "--json", stdout=subprocess.PIPE)
            for words in (same, others[0], same, others[1], same, others[2])
        ]
        asked = [json.loads(command.communicate()[0])["id"] for command in commands]
        (stage,) = STAGES["extract"]
        see_to(trial.home, asked[0], trial.holds(stage))
        trial.release(stage)
        for job_id in asked:
            see_through(trial.home, job_id)
    assert asked[0] == asked[2] == asked[4]
    assert len(set(asked)) == len(list_jobs(trial.home)) == 4
    assert {job.attempt for job in list_jobs(trial.home)} == {1}
    assert result_of(trial.home, asked[0]) == undisturbed["extract"].result
    check_settled(trial.home)


def test_job__without_room_for_a_commit_or_an_artefact_fails_and_ends_as_if_undisturbed(
    trial: Trial, undisturbed: dict[str, Undisturbed]
) -> None:
    trial.plan("full", ["commit 1", "publish 2"])
    job_id = ask(trial, "train")
    with trial.worker():
        for sentence in ("No space left on device.* make room", "disk of .* is full"):
            check_failed(trial.home, job_id, sentence)
            retry(trial.home, job_id)
        see_through(trial.home, job_id)
    check_as_if_undisturbed(trial, job_id, undisturbed["train"])


def test_job__full_disk_fails_and_ends_as_if_undisturbed(
    small_disk: Trial, undisturbed: dict[str, Undisturbed]
) -> None:
    home, (stage,) = small_disk.home, STAGES["extract"]
    small_disk.plan("hold", [stage])
    job_id = ask(small_disk, "extract")
    with small_disk.worker():
        see_to(home, job_id, small_disk.holds(stage))
        filler = fill_disk(home)
        small_disk.release(stage)
        check_failed(home, job_id, "No space left on device.* make room")
        filler.unlink()
        retry(home, job_id)
        see_through(home, job_id)
    check_as_if_undisturbed(small_disk, job_id, undisturbed["extract"])


def test_jobs__killed_and_waiting_on_a_full_disk_go_on_when_there_is_room(
    small_disk: Trial, undisturbed: dict[str, Undisturbed]
) -> None:
    home, (stage,) = small_disk.home, STAGES["extract"]
    small_disk.plan("hold", [stage])
    job_id = ask(small_disk, "extract")
    waiting = submit(home, "extract", {"model": "net", "datasets": ["members"], "layers": "output"})
    with small_disk.worker():
        see_to(home, job_id, small_disk.holds(stage))
        process = psutil.Process(job_folder(home, job_id).state().pid)
        process.suspend()  # or it would go on to write how far it is
        filler = fill_disk(home)
        process.kill()
        until(lambda: read_job(home, job_id).state == "interrupted")
        with pytest.raises(MintError, match="No space left on device"):
            retry(home, job_id)
        filler.unlink()
        small_disk.release(stage)
        see_through(home, waiting)
        see_through(home, job_id)
    check_as_if_undisturbed(small_disk, job_id, undisturbed["extract"])
