import numpy as np
import pytest
import torch

from mintcore.arrays import array_specs, parse_view
from mintcore.extraction import one_image
from mintcore.extraction.computing import activations
from mintcore.extraction.one_image import activations_of_one
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import AuditedModel, add_model, load_model
from mintcore.models.taps import layers
from store.artefacts import Home

VIEWS = (
    "pooled",
    "pooled-q5",
    "map4",
    "signals-predicted-q20",
    "signals-predicted-s15",
    "signals-label-s1",
    "gradient8-predicted-float32",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> AuditedModel:
    home = Home(tmp_path_factory.mktemp("one") / "home")
    rgb = Preprocessing((32, 32), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    add_model(home, "net", "mintcore:resnet20-cifar", None, rgb, num_classes=10)
    return load_model(home, "net", torch.device("cpu"))


@pytest.fixture
def pixels() -> torch.Tensor:
    noise = np.random.default_rng(0).integers(0, 256, (1, 3, 32, 32), np.uint8)
    return torch.from_numpy(noise)


@pytest.mark.parametrize("view", VIEWS)
def test_activations_of_one__are_those_that_a_store_keeps(
    model: AuditedModel, pixels: torch.Tensor, view: str
) -> None:
    specs = array_specs(layers(model)[1:], [parse_view(view)])
    found, expected = activations_of_one(model, pixels, specs), activations(model, pixels, specs)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        assert (found[key].shape, found[key].dtype) == (values.shape, values.dtype)
        np.testing.assert_allclose(found[key], values, rtol=5e-3, atol=2e-3, err_msg=key)


def test_activations_of_one__no_more_queries_at_once_than_allowed(
    model: AuditedModel, pixels: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def counted(model: AuditedModel, shown: torch.Tensor, specs: list) -> dict[str, np.ndarray]:
        sizes.append(len(shown))
        return activations(model, shown, specs)

    monkeypatch.setattr(one_image, "activations", counted)
    activations_of_one(model, pixels, array_specs(layers(model)[-1:], [parse_view("pooled-q20")]))
    assert sizes == [16, 4]
