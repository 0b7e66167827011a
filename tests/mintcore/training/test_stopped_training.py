"""A training that is stopped between or within epochs ends with the very bytes of an undisturbed one."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from small_trainings import SHORT, request

from mintcore.errors import CancelledError, MintError
from mintcore.progress import SilentReporter
from mintcore.training.ground_truth import train_model
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ARCFACE, SGD, TrainingSettings
from store.artefacts import Home

EVERYTHING = replace(SHORT, epochs=4, augment="crop-flip", dropout=0.2, label_noise=0.1)
EVERYTHING_BUT_DROPOUT = replace(EVERYTHING, dropout=None)
FILES = ("weights.safetensors", "ledger.parquet", "history.parquet")


class Stopped(SilentReporter):
    """Stops the work at an image, as a person does who cancels."""

    def __init__(self, after_images: int) -> None:
        self._left = after_images
        self.lines: list[str] = []
        self.epochs: list[float | str] = []

    def stage(self, name: str, total: int) -> None:
        self._training = name.startswith("Train")

    def advance(self, steps: int = 1) -> None:
        self._left -= steps if self._training else 0
        if self._left < 0:
            raise CancelledError

    def log(self, line: str) -> None:
        self.lines.append(line)

    def measure(self, values: Mapping[str, float | str]) -> None:
        self.epochs.append(values["epoch"])


def contents(home: Home, files: tuple[str, ...] = FILES) -> list[bytes]:
    return [(home.folder("models", "net") / name).read_bytes() for name in files]


def undisturbed(home: Home, asked: TrainingRequest) -> Home:
    other = Home(home.path.parent / "undisturbed")
    shutil.copytree(home.path / "datasets", other.path / "datasets")
    train_model(other, asked, device="cpu", reporter=SilentReporter())
    return other


@pytest.mark.parametrize("optimiser", ["adamw", SGD])
def test_train_model__stopped_twice_ends_as_if_undisturbed(home: Home, optimiser: str) -> None:
    asked = request(settings=replace(EVERYTHING, optimiser=optimiser, learning_rate=0.01))
    for after_images in (
        310,
        610,
    ):  # in the second epoch, then, counted from the first, in the third
        with pytest.raises(CancelledError):
            train_model(home, asked, device="cpu", reporter=Stopped(after_images))
    last = Stopped(10_000)
    train_model(home, asked, device="cpu", reporter=last)
    assert last.lines == ["Goes on after epoch 2, where it was stopped"]
    assert last.epochs == [3, 4]
    assert contents(home) == contents(undisturbed(home, asked))


def test_train_model__a_head_goes_on_too(home: Home) -> None:
    asked = request(settings=replace(EVERYTHING, head=ARCFACE, embedding=16))
    with pytest.raises(CancelledError):
        train_model(home, asked, device="cpu", reporter=Stopped(700))
    train_model(home, asked, device="cpu", reporter=SilentReporter())
    files = (*FILES, "head.safetensors")
    assert contents(home, files) == contents(undisturbed(home, asked), files)


def test_train_model__another_training_does_not_go_on_from_it(home: Home) -> None:
    with pytest.raises(CancelledError):
        train_model(home, request(settings=EVERYTHING), device="cpu", reporter=Stopped(700))
    asked = request(settings=replace(EVERYTHING, seed=1))
    train_model(home, asked, device="cpu", reporter=SilentReporter())
    assert contents(home) == contents(undisturbed(home, asked))


def test_train_model__checkpoints_go_when_the_model_is_there(home: Home) -> None:
    train_model(home, request(), device="cpu", reporter=SilentReporter())
    assert list((home.path / "unfinished").iterdir()) == []


def test_train_model__a_damaged_checkpoint_is_named(home: Home) -> None:
    with pytest.raises(CancelledError):
        train_model(home, request(settings=EVERYTHING), device="cpu", reporter=Stopped(700))
    (file,) = (home.path / "unfinished" / "net").iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(MintError, match=r"\.pt cannot be read .* delete it"):
        train_model(home, request(settings=EVERYTHING), device="cpu", reporter=SilentReporter())


def test_train_model__code_that_changed_meanwhile_is_one_sentence(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "narrow_net.py").write_text(
        "from torch import nn\n\nWIDTH = 8\n\n\ndef make():\n"
        "    layers = nn.Linear(64, WIDTH), nn.Linear(WIDTH, 10)\n"
        "    return nn.Sequential(nn.Flatten(), *layers)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    asked = request(settings=EVERYTHING_BUT_DROPOUT, arch="narrow_net:make", allow_code=True)
    with pytest.raises(CancelledError):
        train_model(home, asked, device="cpu", reporter=Stopped(700))
    monkeypatch.setattr("narrow_net.WIDTH", 9)
    with pytest.raises(MintError, match=r"\.pt does not fit the network any more.* delete it"):
        train_model(home, asked, device="cpu", reporter=SilentReporter())


def test_mint_model_train__killed_ends_as_if_undisturbed(home: Home) -> None:
    words = "net --arch mintcore:object-cnn-small --members members --size 8 --mean .3 --std .35"
    settings = "--epochs 20 --batch-size 64 --learning-rate 0.02 --augment crop-flip"
    mint = [sys.executable, "-c", "from mintcore.cli import main; main()", "model", "train"]
    running = subprocess.Popen(
        [*mint, *words.split(), *settings.split(), "--home", home.path],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list(home.path.glob("unfinished/net/*.pt")):
        assert running.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.001)
    running.kill()
    running.wait()
    assert not home.has("models", "net")

    same = TrainingSettings(epochs=20, batch_size=64, learning_rate=0.02, augment="crop-flip")
    asked, reporter = request(settings=same, allow_code=True), Stopped(100_000)
    train_model(home, asked, device="cpu", reporter=reporter)
    assert reporter.lines[0].startswith("Goes on after epoch")
    assert contents(home) == contents(undisturbed(home, asked))
