import sys
from pathlib import Path

import pytest
import torch

from mintcore.errors import MintError
from mintcore.models.architectures import (
    architectures,
    build,
    infer_in_channels,
    infer_num_classes,
)


def size(arch: str, num_classes: int = 10, in_channels: int = 3) -> int:
    module = build(arch, num_classes=num_classes, in_channels=in_channels)
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("arch", "parameters"),
    [
        # The README of akamaster/pytorch_resnet_cifar10 rounds these to 0.27M, 0.46M, 0.66M, 0.85M
        # and 1.7M; 20 and 56 were counted in the published weights.
        ("mintcore:resnet20-cifar", 269_722),
        ("mintcore:resnet32-cifar", 464_154),
        ("mintcore:resnet44-cifar", 658_586),
        ("mintcore:resnet56-cifar", 853_018),
        ("mintcore:resnet110-cifar", 1_727_962),
        # Published by torchvision for 1,000 classes: 11,689,512.
        ("torchvision:resnet18", 11_689_512 - 990 * 513),
    ],
)
def test_build__parameters(arch: str, parameters: int) -> None:
    assert size(arch) == parameters


@pytest.mark.parametrize("arch", ["mintcore:object-cnn", "mintcore:object-cnn-small"])
@pytest.mark.parametrize("side", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_build__object_cnn_takes_any_input(arch: str, side: int, channels: int) -> None:
    module = build(arch, num_classes=7, in_channels=channels).eval()
    assert module(torch.zeros(2, channels, side, side)).shape == (2, 7)


def test_build__object_cnn_has_the_filters_of_the_paper() -> None:
    module = build("mintcore:object-cnn", num_classes=10, in_channels=3)
    filters = [m.out_channels for m in module.modules() if isinstance(m, torch.nn.Conv2d)]
    assert filters == [32, 32, 64, 64, 128, 128]


def test_build__unknown_name_suggests_near_ones() -> None:
    with pytest.raises(MintError, match=r"Did you mean .*torchvision:resnet50"):
        build("torchvision:resnet55", num_classes=10, in_channels=3)


def test_build__name_without_a_family_is_unknown() -> None:
    with pytest.raises(MintError, match="There is no architecture 'resnet18'"):
        build("resnet18", num_classes=10, in_channels=3)


def test_build__torchvision_takes_three_channels_only() -> None:
    with pytest.raises(MintError, match="takes 3 channels, not 1"):
        build("torchvision:resnet18", num_classes=10, in_channels=1)


def test_build__number_of_classes_is_needed() -> None:
    with pytest.raises(MintError, match="give --num-classes"):
        build("mintcore:object-cnn", num_classes=None, in_channels=3)


@pytest.fixture
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "users_nets.py").write_text(
        "import torch\n"
        "def tiny():\n    return torch.nn.Linear(2, 3)\n"
        "def wrong():\n    return 'no module'\n"
        "def broken():\n    raise KeyError('oops')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "users_nets", raising=False)


@pytest.mark.usefixtures("user_code")
def test_build__factory_is_called_where_allowed() -> None:
    made = build("users_nets:tiny", num_classes=None, in_channels=3, allow_code=True)
    assert isinstance(made, torch.nn.Linear)


@pytest.mark.usefixtures("user_code")
def test_build__factory_is_not_even_imported_where_not_allowed() -> None:
    with pytest.raises(MintError, match="only the command line may run"):
        build("users_nets:tiny", num_classes=None, in_channels=3)
    assert "users_nets" not in sys.modules


@pytest.mark.usefixtures("user_code")
@pytest.mark.parametrize(
    ("arch", "reason"),
    [
        ("users_nets:wrong", "returned a str"),
        ("users_nets:broken", "KeyError"),
        ("users_nets:gone", "AttributeError"),
        ("no_such_package:tiny", "ModuleNotFoundError"),
    ],
)
def test_build__factory_that_fails_is_one_sentence(arch: str, reason: str) -> None:
    with pytest.raises(MintError, match=reason):
        build(arch, num_classes=None, in_channels=3, allow_code=True)


@pytest.mark.parametrize(
    "arch", ["mintcore:resnet20-cifar", "mintcore:object-cnn", "torchvision:squeezenet1_0"]
)
def test_infer__classes_and_channels_come_from_the_weights(arch: str) -> None:
    weights = build(arch, num_classes=17, in_channels=3).state_dict()
    assert (infer_num_classes(arch, weights), infer_in_channels(arch, weights)) == (17, 3)


def test_infer__one_channel() -> None:
    weights = build("mintcore:object-cnn", num_classes=4, in_channels=1).state_dict()
    assert infer_in_channels("mintcore:object-cnn", weights) == 1


def test_infer__weights_of_another_architecture_say_nothing() -> None:
    assert infer_num_classes("torchvision:resnet18", {"x": torch.zeros(2, 2)}) is None


def test_infer__leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    infer_num_classes("mintcore:object-cnn", {})
    assert torch.equal(torch.get_rng_state(), before)


def test_architectures__are_those_of_both_families() -> None:
    assert {"mintcore:resnet56-cifar", "torchvision:vit_b_16"} <= set(architectures())
