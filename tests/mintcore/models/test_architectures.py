import sys
from pathlib import Path

import pytest
import torch

from mintcore.errors import MintError
from mintcore.models.architectures import (
    WithoutMemory,
    architectures,
    build,
    head_of,
    infer_in_channels,
    infer_num_classes,
)
from mintcore.models.tracing import trace

ONE_OF_EACH_FAMILY = [
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "shufflenet_v2_x0_5",
    "squeezenet1_0",
    "swin_t",
    "swin_v2_t",
    "vgg11_bn",
    "vit_b_32",
]


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


def test_build__unknown_name_is_told_before_classes_are_asked_for() -> None:
    for arch in ("torchvision:resnet55", "mintcore:resnet57-cifar"):
        with pytest.raises(MintError, match=f"There is no architecture '{arch}'"):
            build(arch, num_classes=None, in_channels=3)


def test_build__number_of_classes_is_needed() -> None:
    with pytest.raises(MintError, match="give --num-classes"):
        build("mintcore:object-cnn", num_classes=None, in_channels=3)


@pytest.fixture
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "users_nets.py").write_text(
        "import torch\n"
        "def tiny():\n    return torch.nn.Linear(2, 3)\n"
        "def wrong():\n    return 'no module'\n"
        "def leaves():\n    raise SystemExit(0)\n"
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
        ("users_nets:leaves", "SystemExit"),
        ("users_nets:gone", "AttributeError"),
        ("no_such_package:tiny", "ModuleNotFoundError"),
    ],
)
def test_build__factory_that_fails_is_one_sentence(arch: str, reason: str) -> None:
    with pytest.raises(MintError, match=reason):
        build(arch, num_classes=None, in_channels=3, allow_code=True)


@pytest.mark.parametrize(
    "arch",
    [
        "mintcore:resnet20-cifar",
        "mintcore:object-cnn",
        *(f"torchvision:{name}" for name in ONE_OF_EACH_FAMILY),
    ],
)
def test_infer__classes_and_channels_come_from_the_weights(arch: str) -> None:
    with WithoutMemory():
        weights = build(arch, num_classes=17, in_channels=3).state_dict()
    assert (infer_num_classes(arch, weights), infer_in_channels(arch, weights)) == (17, 3)


def test_infer__one_channel() -> None:
    weights = build("mintcore:object-cnn", num_classes=4, in_channels=1).state_dict()
    assert infer_in_channels("mintcore:object-cnn", weights) == 1


def test_infer__positions_with_four_axes_are_no_channels() -> None:
    pytest.importorskip("timm")
    with WithoutMemory():
        weights = build("timm:visformer_tiny", num_classes=17, in_channels=1).state_dict()
    assert next(iter(weights.values())).ndim == 4  # the positions, with 96 channels
    assert infer_in_channels("timm:visformer_tiny", weights) == 1


def test_infer__leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    infer_num_classes("mintcore:object-cnn", {})
    assert torch.equal(torch.get_rng_state(), before)


def test_architectures__are_those_of_both_families() -> None:
    assert {"mintcore:resnet56-cifar", "mintcore:iresnet100", "torchvision:vit_b_16"} <= set(
        architectures()
    )


@pytest.mark.filterwarnings("error::FutureWarning")
def test_architectures__every_name_builds() -> None:
    for arch in architectures():
        classes = 17 if head_of(arch) == "classifier" else None
        with WithoutMemory():
            module = build(arch, num_classes=classes, in_channels=3)
        assert sum(weight.numel() for weight in module.parameters()) > 50_000, arch


@pytest.mark.parametrize(
    ("arch", "block"),
    [
        ("torchvision:alexnet", "features.12"),
        ("torchvision:convnext_tiny", "features.7.2"),
        ("torchvision:densenet121", "features.denseblock4.denselayer16"),
        ("torchvision:efficientnet_b0", "features.7.0"),
        ("torchvision:googlenet", "inception5b"),
        ("torchvision:mobilenet_v3_small", "features.11"),
        ("torchvision:regnet_y_400mf", "trunk_output.block4.block4-5"),
        ("torchvision:shufflenet_v2_x0_5", "stage4.3"),
        ("torchvision:squeezenet1_1", "features.12"),
        ("torchvision:swin_t", "features.7.1"),
        ("torchvision:vit_b_32", "encoder.layers.encoder_layer_11"),
    ],
)
def test_build__layers_of_torchvision_classifiers_can_be_traced(arch: str, block: str) -> None:
    side = 224 if "vit" in arch else 64
    module = build(arch, num_classes=3, in_channels=3).eval()
    calls = trace(module, (3, side, side))
    assert calls[-1].layer.shape == (3,)
    assert block in {call.layer.name for call in calls}


def test_build__timm_by_name_with_its_classes_and_channels() -> None:
    pytest.importorskip("timm")
    module = build("timm:resnet10t", num_classes=7, in_channels=1).eval()
    assert module(torch.zeros(2, 1, 32, 32)).shape == (2, 7)
    weights = module.state_dict()
    assert (infer_num_classes("timm:resnet10t", weights), weights["conv1.0.weight"].shape[1]) == (
        7,
        1,
    )


def test_build__unknown_timm_model_suggests_near_ones() -> None:
    pytest.importorskip("timm")
    with pytest.raises(MintError, match=r"Did you mean .*timm:resnet50"):
        build("timm:resnet5o", num_classes=7, in_channels=3)


def test_build__timm_that_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MintError, match=r"pip install 'mint-workbench\[timm\]'"):
        build("timm:resnet18", num_classes=7, in_channels=3)


def test_build__program_cannot_be_built_anew() -> None:
    with pytest.raises(MintError, match="can only be audited as it is"):
        build("export:net.pt2", num_classes=None, in_channels=3)
