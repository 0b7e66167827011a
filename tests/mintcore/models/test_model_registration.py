import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mintcore.errors import MintError
from mintcore.models.architectures import build
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import (
    add_model,
    fresh_twin,
    list_models,
    load_model,
    register_module,
)
from mintcore.models.taps import tap
from store.artefacts import Home
from store.errors import StoreError

SMALL = "mintcore:object-cnn-small"
RGB = Preprocessing((32, 32), (0.5,) * 3, (0.5,) * 3)
GREY = Preprocessing((28, 28), (0.5,), (0.5,))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def weights_file(folder: Path, num_classes: int = 5, in_channels: int = 3) -> Path:
    module = build(SMALL, num_classes=num_classes, in_channels=in_channels)
    save_file(module.state_dict(), folder / "w.safetensors")
    return folder / "w.safetensors"


def test_add_model__card_describes_the_model(home: Home, tmp_path: Path) -> None:
    card = add_model(home, "m", SMALL, weights_file(tmp_path), RGB)
    assert (card["arch"], card["num_classes"], card["in_channels"]) == (SMALL, 5, 3)
    assert card["preprocessing"] == RGB.to_json()
    assert [layer["name"] for layer in card["layers"]][-2:] == ["dense", "output"]
    assert card["made_from"] == {"weights": str(tmp_path / "w.safetensors")}


def test_add_model__loaded_model_computes_the_same(home: Home, tmp_path: Path) -> None:
    torch.manual_seed(3)
    module = build(SMALL, num_classes=5, in_channels=1).eval()
    save_file(module.state_dict(), tmp_path / "w.safetensors")
    add_model(home, "m", SMALL, tmp_path / "w.safetensors", GREY)
    batch = torch.rand(2, 1, 28, 28)
    assert torch.allclose(load_model(home, "m").module(batch), module(batch), atol=1e-6)


def test_add_model__again_is_reused(home: Home, tmp_path: Path) -> None:
    file = weights_file(tmp_path)
    assert add_model(home, "m", SMALL, file, RGB) == add_model(home, "m", SMALL, file, RGB)


def test_add_model__other_preprocessing_under_the_same_name_is_refused(
    home: Home, tmp_path: Path
) -> None:
    file = weights_file(tmp_path)
    first = add_model(home, "m", SMALL, file, RGB)
    with pytest.raises(MintError, match="another preprocessing: choose another name"):
        add_model(home, "m", SMALL, file, Preprocessing((28, 28), RGB.mean, RGB.std))
    assert home.card("models", "m") == first


def test_add_model__fingerprint_depends_on_a_single_weight(home: Home, tmp_path: Path) -> None:
    module = build(SMALL, num_classes=5, in_channels=3)
    register_module(home, "a", SMALL, module, RGB)
    with torch.no_grad():
        module.get_parameter("output.bias")[0] += 1e-6
    register_module(home, "b", SMALL, module, RGB)
    prints = [card["fingerprint"] for card in list_models(home)]
    assert len(set(prints)) == 2


def test_add_model__fingerprint_does_not_depend_on_the_file_format(
    home: Home, tmp_path: Path
) -> None:
    file = weights_file(tmp_path)
    module = build(SMALL, num_classes=5, in_channels=3)
    first = add_model(home, "a", SMALL, file, RGB)
    module.load_state_dict(load_file(file))
    torch.save({"state_dict": module.state_dict()}, tmp_path / "w.pth")
    second = add_model(home, "b", SMALL, tmp_path / "w.pth", RGB)
    assert first["fingerprint"] == second["fingerprint"]


def test_add_model__fresh_weights_come_from_the_seed(home: Home) -> None:
    cards = [
        add_model(home, f"m{place}", SMALL, None, RGB, num_classes=5, seed=seed)
        for place, seed in enumerate((1, 1, 2))
    ]
    assert cards[0]["fingerprint"] == cards[1]["fingerprint"] != cards[2]["fingerprint"]
    assert cards[2]["made_from"] == {"seed": 2}


def test_add_model__wrong_number_of_channels_is_said(home: Home, tmp_path: Path) -> None:
    file = weights_file(tmp_path, in_channels=1)
    with pytest.raises(MintError, match="weights take 1 channels, but 3 means"):
        add_model(home, "m", SMALL, file, RGB)


def test_add_model__wrong_architecture_leaves_nothing(home: Home, tmp_path: Path) -> None:
    reason = r"do not fit .*missing, first \w.*unexpected, first block1"
    with pytest.raises(MintError, match=reason):
        add_model(home, "m", "mintcore:resnet20-cifar", weights_file(tmp_path), RGB)
    assert list_models(home) == []


@pytest.mark.parametrize("said", [{"classes": list("edcba")}, {"head": "embedding"}])
def test_add_model__other_description_under_the_same_name_is_refused(
    home: Home, said: dict[str, Any]
) -> None:
    add_model(home, "m", SMALL, None, RGB, num_classes=5, classes=list("abcde"))
    with pytest.raises(MintError, match="another head or other names of its classes"):
        add_model(home, "m", SMALL, None, RGB, num_classes=5, **said)


def test_add_model__again_without_names_of_classes_is_reused(home: Home) -> None:
    first = add_model(home, "m", SMALL, None, RGB, num_classes=5, classes=list("abcde"))
    assert add_model(home, "m", SMALL, None, RGB, num_classes=5) == first


def test_register_module__extra_fields_are_on_the_card(home: Home) -> None:
    module = build(SMALL, num_classes=4, in_channels=3)
    card = register_module(home, "m", SMALL, module, RGB, trained_on={"datasets": ["train"]})
    assert card["trained_on"] == {"datasets": ["train"]}
    assert card["num_classes"] == 4


def test_register_module__names_of_classes_are_on_the_card(home: Home) -> None:
    module = build(SMALL, num_classes=2, in_channels=3)
    card = register_module(home, "m", SMALL, module, RGB, classes=["cat", "dog"])
    assert card["classes"] == load_model(home, "m").classes == ["cat", "dog"]


def test_load_model__embedding_of_a_classifier_network(home: Home) -> None:
    module = build(SMALL, num_classes=6, in_channels=3)
    register_module(home, "m", SMALL, module, RGB, head="embedding")
    model = load_model(home, "m")
    assert (model.head, model.card["embedding_size"]) == ("embedding", 6)
    assert fresh_twin(model, 1).module(torch.zeros(1, 3, 32, 32)).shape == (1, 6)


def test_load_model__card_of_an_earlier_version_is_a_classifier(home: Home) -> None:
    add_model(home, "m", SMALL, None, RGB, num_classes=5)
    file = home.folder("models", "m") / "card.json"
    card = json.loads(file.read_text())
    for field in ("head", "embedding_size", "classes", "digest"):
        del card[field]
    file.write_text(json.dumps(card))
    model = load_model(home, "m")
    assert (model.head, model.classes) == ("classifier", None)


def test_register_module__module_stays_as_it_was(home: Home) -> None:
    module = build(SMALL, num_classes=4, in_channels=3).train()
    register_module(home, "m", SMALL, module, RGB)
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_load_model__is_ready_to_audit(home: Home) -> None:
    add_model(home, "m", SMALL, None, RGB, num_classes=5)
    model = load_model(home, "m")
    assert not model.module.training
    assert not any(parameter.requires_grad for parameter in model.module.parameters())
    assert model.preprocessing == RGB
    weight = model.module.get_parameter("block1.3.weight")
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_load_model__unknown_name_suggests_near_ones(home: Home) -> None:
    add_model(home, "objects", SMALL, None, RGB, num_classes=5)
    with pytest.raises(StoreError, match="Did you mean objects"):
        load_model(home, "object")


def test_fresh_twin__same_architecture_other_weights(home: Home) -> None:
    add_model(home, "m", SMALL, None, RGB, num_classes=5, seed=1)
    model = load_model(home, "m")
    twin = fresh_twin(model, seed=2)
    assert twin.fingerprint != model.fingerprint
    assert twin.module.state_dict().keys() == model.module.state_dict().keys()
    name = "block1.0.weight"
    assert not torch.equal(twin.module.get_parameter(name), model.module.get_parameter(name))
    assert list_models(home) == [model.card]


def test_fresh_twin__seed_decides_and_global_state_stays(home: Home) -> None:
    add_model(home, "m", SMALL, None, RGB, num_classes=5, seed=1)
    model = load_model(home, "m")
    before = torch.get_rng_state()
    assert fresh_twin(model, 7).fingerprint == fresh_twin(model, 7).fingerprint
    assert torch.equal(torch.get_rng_state(), before)


def test_fresh_twin__norms_take_nothing_from_the_trained_ones(home: Home) -> None:
    module = build(SMALL, num_classes=5, in_channels=3)
    module.get_buffer("block1.1.running_mean").fill_(9)
    register_module(home, "m", SMALL, module, RGB)
    twin = fresh_twin(load_model(home, "m"), 1)
    assert float(twin.module.get_buffer("block1.1.running_mean").abs().max()) < 1


def test_fresh_twin__of_a_deep_network_stays_within_float16(home: Home) -> None:
    add_model(home, "deep", "mintcore:resnet56-cifar", None, RGB, num_classes=10)
    twin = fresh_twin(load_model(home, "deep"), 0)
    batch = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert float(tap(twin, batch, ["layer3.8"])["layer3.8"].abs().max()) < 1000


@pytest.fixture
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "users_models.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "def net():\n"
        "    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(),\n"
        "                         nn.Linear(4, 6))\n"
        "class Wrapped(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.module = net()\n"
        "    def forward(self, x):\n"
        "        return self.module(x)\n"
        "def wrapped():\n"
        "    return Wrapped()\n"
        "def half():\n"
        "    return net().half()\n"
        "def trained():\n"
        "    torch.manual_seed(0)\n"
        "    return net()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "users_models", raising=False)


@pytest.mark.usefixtures("user_code")
def test_add_model__factory_decides_the_number_of_classes(home: Home) -> None:
    card = add_model(home, "m", "users_models:net", None, RGB, allow_code=True)
    assert card["num_classes"] == 6
    assert load_model(home, "m").module(torch.zeros(1, 3, 32, 32)).shape == (1, 6)


@pytest.mark.usefixtures("user_code")
def test_add_model__factory_takes_no_number_of_classes(home: Home) -> None:
    with pytest.raises(MintError, match="leave out --num-classes"):
        add_model(home, "m", "users_models:net", None, RGB, allow_code=True, num_classes=7)


@pytest.mark.usefixtures("user_code")
def test_add_model__weights_that_images_do_not_fit_are_refused(home: Home) -> None:
    with pytest.raises(MintError, match="let its weights be float32, as images are"):
        add_model(home, "m", "users_models:half", None, RGB, allow_code=True)


@pytest.mark.usefixtures("user_code")
def test_load_model__names_that_all_begin_with_module_stay(home: Home) -> None:
    add_model(home, "m", "users_models:wrapped", None, RGB, allow_code=True)
    assert load_model(home, "m").module(torch.zeros(1, 3, 32, 32)).shape == (1, 6)


@pytest.mark.usefixtures("user_code")
def test_add_model__factory_is_refused_by_default(home: Home) -> None:
    with pytest.raises(MintError, match="only the command line may run"):
        add_model(home, "m", "users_models:net", None, RGB)


@pytest.mark.usefixtures("user_code")
def test_fresh_twin__factory_with_trained_weights_is_refused(home: Home) -> None:
    add_model(home, "m", "users_models:trained", None, RGB, allow_code=True)
    with pytest.raises(MintError, match="returns trained weights"):
        fresh_twin(load_model(home, "m"), 5)
