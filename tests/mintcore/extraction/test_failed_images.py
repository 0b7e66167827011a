"""What cannot be read or is not finite stops nothing, and is counted where it was asked for."""

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from mintcore.datasets.reading import samples
from mintcore.datasets.registration import add_dataset
from mintcore.extraction.requests import ExtractionRequest
from mintcore.extraction.run import ExtractionSummary, extract_datasets
from mintcore.models.architectures import build
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import register_module
from mintcore.progress import SilentReporter
from store.artefacts import Home
from store.feature_store import open_store

GREY = Preprocessing(size=(28, 28), mean=(0.3,), std=(0.35,))


@pytest.fixture
def digits_home(digits_home: Home) -> Home:
    """The home folder before anything was extracted."""
    shutil.rmtree(digits_home.path / "stores")
    return digits_home


@pytest.fixture
def wild(digits_home: Home) -> Home:
    """With a model whose layers have no finite values, but for its input."""
    module = build("mintcore:object-cnn-small", num_classes=10, in_channels=1)
    with torch.no_grad():
        module.block1[0].weight.mul_(1e30)  # type: ignore[index,union-attr]
        module.block1[1].running_var.fill_(1e-30)  # type: ignore[index,union-attr]
    register_module(digits_home, "wild", "mintcore:object-cnn-small", module, GREY)
    return digits_home


def run_wild(home: Home, layers: str) -> ExtractionSummary:
    request = ExtractionRequest("wild", ("members",), layers=layers)
    return extract_datasets(home, request, device="cpu", reporter=SilentReporter())


def test_extract__activations_that_are_not_finite_get_a_status(wild: Home) -> None:
    summary = run_wild(wild, "block1")
    assert summary.failed == 500
    store = open_store(wild.folder("stores", summary.store))
    ids = samples(wild, "members", limit=1).column("sample_id").to_pylist()
    (failure,) = store.failures(ids)
    assert failure["status"] == "non-finite"
    sentence = "block1/pooled has values that are not finite, or too large for float16"
    assert failure["reason"].startswith(sentence)


def test_extract__failures_of_other_layers_are_not_counted(wild: Home) -> None:
    assert run_wild(wild, "block1").failed == 500
    assert run_wild(wild, "input").failed == 0
    assert run_wild(wild, "block1").failed == 500


class Listening(SilentReporter):
    """Keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        self.lines.append(line)


def test_extract__images_that_were_never_readable_are_told(
    digits_home: Home, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("L", (28, 28)).save(folder / "good.png")
    (folder / "empty.png").write_bytes(b"")
    add_dataset(digits_home, "photos", f"folder:{folder}", "unknown")
    request, reporter = ExtractionRequest("net", ("photos",), layers="output"), Listening()
    summary = extract_datasets(digits_home, request, device="cpu", reporter=reporter)
    assert (summary.images, summary.computed, summary.failed) == (1, 1, 0)
    assert reporter.lines[0].startswith("photos: 1 images could not be read when it was registered")


def test_extract__no_readable_image_at_all(digits_home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "empty.png").write_bytes(b"")
    add_dataset(digits_home, "photos", f"folder:{folder}", "unknown")
    request = ExtractionRequest("net", ("photos",), layers="output")
    summary = extract_datasets(digits_home, request, device="cpu", reporter=SilentReporter())
    assert (summary.images, summary.computed, summary.failed) == (0, 0, 0)
