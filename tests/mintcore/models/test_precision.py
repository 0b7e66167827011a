from pathlib import Path

import pytest
import torch

from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model, fresh_twin, load_model
from mintcore.models.taps import tap
from store.artefacts import Home

GREY = Preprocessing(size=(28, 28), mean=(0.3,), std=(0.35,))
ARCH = "mintcore:object-cnn-small"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home folder with one model in two precisions."""
    home = Home(tmp_path)
    add_model(home, "usual", ARCH, None, GREY, num_classes=10)
    add_model(home, "lower", ARCH, None, GREY, num_classes=10, autocast="bfloat16")
    return home


def outputs(home: Home, name: str) -> torch.Tensor:
    images = torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return tap(load_model(home, name), images, ["output"])["output"]


def test_autocast__runs_in_the_lower_precision(home: Home) -> None:
    usual, lower = outputs(home, "usual"), outputs(home, "lower")
    assert (usual.dtype, lower.dtype) == (torch.float32, torch.bfloat16)
    torch.testing.assert_close(lower.float(), usual, atol=0.05, rtol=0.05)


def test_autocast__is_part_of_the_fingerprint(home: Home) -> None:
    usual, lower = (home.card("models", name) for name in ("usual", "lower"))
    assert usual["fingerprint"] != lower["fingerprint"]
    assert (usual["autocast"], lower["autocast"]) == (None, "bfloat16")


def test_autocast__the_fresh_twin_runs_likewise(home: Home) -> None:
    model = load_model(home, "lower")
    twin = fresh_twin(model, seed=1)
    images = torch.randn(2, 1, 28, 28)
    assert tap(twin, images, ["output"])["output"].dtype == torch.bfloat16
    assert not torch.equal(
        tap(twin, images, ["output"])["output"], tap(model, images, ["output"])["output"]
    )


def test_autocast__is_no_part_of_the_weights(home: Home) -> None:
    weights = [load_model(home, name).module.state_dict() for name in ("usual", "lower")]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
