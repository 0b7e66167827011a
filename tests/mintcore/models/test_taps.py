import pytest
import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.architectures import build
from mintcore.models.audited import AuditedModel, ready
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.taps import all_layers, choose_layers, layers, reduce_taps, tap


def audited(module: nn.Module, side: int = 32, channels: int = 3) -> AuditedModel:
    half = (0.5,) * channels
    return AuditedModel({"id": "m"}, ready(module, "cpu"), Preprocessing((side, side), half, half))


def fresh(arch: str, side: int = 32) -> AuditedModel:
    torch.manual_seed(0)
    return audited(build(arch, num_classes=10, in_channels=3), side)


def names(model: AuditedModel) -> list[str]:
    return [layer.name for layer in layers(model)]


@pytest.fixture(scope="module")
def resnet() -> AuditedModel:
    return fresh("mintcore:resnet56-cifar")


def test_layers__resnet56_gives_stem_blocks_embedding_and_output(resnet: AuditedModel) -> None:
    blocks = [f"layer{stage}.{block}" for stage in (1, 2, 3) for block in range(9)]
    assert names(resnet) == ["input", "relu", *blocks, "avgpool", "output"]


def test_layers__resnet56_shapes(resnet: AuditedModel) -> None:
    found = {layer.name: (layer.kind, layer.shape) for layer in layers(resnet)}
    assert found["input"] == ("map", (3, 32, 32))
    assert found["layer2.0"] == ("map", (32, 16, 16))
    assert found["avgpool"] == ("vector", (64,))
    assert found["output"] == ("vector", (10,))


def test_layers__parameters_are_those_of_the_module(resnet: AuditedModel) -> None:
    found = {layer.name: layer.parameters for layer in layers(resnet)}
    assert found["layer1.0"] == 2 * (16 * 16 * 9) + 2 * 32
    assert found["output"] == 853_018


def test_layers__object_cnn() -> None:
    wanted = ["input", "block1", "block2", "block3", "dense", "output"]
    assert names(fresh("mintcore:object-cnn")) == wanted


def test_layers__torchvision_resnet() -> None:
    blocks = [f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)]
    wanted = ["input", "maxpool", *blocks, "avgpool", "output"]
    assert names(fresh("torchvision:resnet18", 64)) == wanted


def test_layers__plain_network_gives_the_members_of_its_feature_row() -> None:
    found = names(fresh("torchvision:alexnet", 64))
    features = [f"features.{place}" for place in range(13)]
    assert found == ["input", *features, "avgpool", "classifier.5", "output"]


def test_layers__vision_transformer_gives_tokens() -> None:
    found = {layer.name: layer for layer in layers(fresh("torchvision:vit_b_32", 224))}
    block = found["encoder.layers.encoder_layer_11"]
    assert (block.kind, block.shape) == ("tokens", (50, 768))


def test_layers__swin_maps_are_channels_first() -> None:
    found = {layer.name: layer.shape for layer in layers(fresh("torchvision:swin_t", 64))}
    assert found["features.0"] == (96, 16, 16)
    assert found["features.1.1"] == (96, 16, 16)
    assert found["features.2"] == (192, 8, 8)
    assert found["features.7.1"] == (768, 2, 2)


def test_tap__swin_map_is_turned() -> None:
    model = fresh("torchvision:swin_t", 64)
    layers(model)  # its dummy forward is over before the hook below listens
    taken: list[Tensor] = []
    handle = model.module.get_submodule("features.1.1").register_forward_hook(
        lambda _module, _arguments, output: taken.append(output)
    )
    tapped = tap(model, torch.rand(2, 3, 64, 64), ["features.1.1"])["features.1.1"]
    handle.remove()
    assert taken[0].shape == (2, 16, 16, 96)
    assert torch.equal(tapped, taken[0].permute(0, 3, 1, 2))


class Odd(nn.Module):
    """Calls one module twice, gives a tuple from another, and never calls a third."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.ReLU()
        self.conv = nn.Conv2d(3, 4, 3)
        self.pair = nn.MaxPool2d(2, return_indices=True)
        self.never = nn.ReLU()
        self.head = nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        x = self.twice(self.conv(self.twice(images)))
        pooled, _ = self.pair(x)
        return self.head(pooled.mean((2, 3)))


def test_all_layers__leaves_out_what_has_no_single_output() -> None:
    assert [layer.name for layer in all_layers(audited(Odd()))] == [
        "input",
        "conv",
        "head",
        "output",
    ]


def test_all_layers__model_that_returns_no_tensor_is_refused() -> None:
    class Named(nn.Module):
        def forward(self, images: Tensor) -> dict[str, Tensor]:
            return {"out": images}

    with pytest.raises(MintError, match="does not return one tensor"):
        all_layers(audited(Named()))


def test_all_layers__model_that_fails_is_one_sentence() -> None:
    with pytest.raises(MintError, match=r"fails on an input of shape \(3, 32, 32\)"):
        all_layers(audited(nn.Linear(5, 2)))


def test_choose_layers__all_is_the_suggestion_without_the_input(resnet: AuditedModel) -> None:
    assert choose_layers(resnet, "all") == layers(resnet)[1:]


def test_choose_layers__names_and_globs_in_call_order(resnet: AuditedModel) -> None:
    chosen = choose_layers(resnet, "output, layer3.[78], layer1.0.conv1")
    assert [layer.name for layer in chosen] == ["layer1.0.conv1", "layer3.7", "layer3.8", "output"]


def test_choose_layers__unknown_name_suggests_near_ones(resnet: AuditedModel) -> None:
    with pytest.raises(MintError, match=r"no layer 'layer3\.9': did you mean .*layer3\."):
        choose_layers(resnet, "layer1.0,layer3.9")


def test_choose_layers__nothing_is_refused(resnet: AuditedModel) -> None:
    with pytest.raises(MintError, match="names no layer"):
        choose_layers(resnet, " , ")


def test_tap__gives_what_the_modules_give(resnet: AuditedModel) -> None:
    batch = torch.rand(2, 3, 32, 32)
    tapped = tap(resnet, batch, ["output", "avgpool", "input"])
    assert list(tapped) == ["output", "avgpool", "input"]
    assert torch.equal(tapped["input"], batch)
    linear = resnet.module.get_submodule("linear")
    assert torch.allclose(linear(tapped["avgpool"]), tapped["output"], atol=1e-6)


def test_tap__forward_stops_after_the_deepest_layer(resnet: AuditedModel) -> None:
    called: list[str] = []
    watched = ["layer1.8", "layer2.0", "layer2.1", "layer3.0", "linear"]
    handles = [
        resnet.module.get_submodule(name).register_forward_pre_hook(
            lambda _module, _arguments, name=name: called.append(name)
        )
        for name in watched
    ]
    tap(resnet, torch.rand(1, 3, 32, 32), ["layer2.0", "layer1.0"])
    for handle in handles:
        handle.remove()
    assert called == ["layer1.8", "layer2.0"]


def test_tap__input_alone_runs_nothing(resnet: AuditedModel) -> None:
    called: list[int] = []
    layers(resnet)  # found by one dummy forward when first asked for
    handle = resnet.module.register_forward_pre_hook(lambda *_: called.append(1))
    tap(resnet, torch.rand(1, 3, 32, 32), ["input"])
    handle.remove()
    assert called == []


def hooks(module: nn.Module) -> int:
    return sum(len(part._forward_hooks) for part in module.modules())


def test_tap__leaves_no_hooks_behind(resnet: AuditedModel) -> None:
    tap(resnet, torch.rand(1, 3, 32, 32), ["layer1.0", "output"])
    assert hooks(resnet.module) == 0


def test_tap__leaves_no_hooks_behind_after_a_failure(resnet: AuditedModel) -> None:
    with pytest.raises(RuntimeError):
        tap(resnet, torch.rand(1, 5, 32, 32), ["layer1.0"])
    assert hooks(resnet.module) == 0


def test_tap__unknown_layer_is_refused(resnet: AuditedModel) -> None:
    with pytest.raises(MintError, match="no layer 'layer9'"):
        tap(resnet, torch.rand(1, 3, 32, 32), ["layer9"])


def test_tap__later_in_place_modules_do_not_change_it() -> None:
    model = audited(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True)))
    assert tap(model, torch.rand(2, 3, 32, 32), ["0", "1"])["0"].min() < 0


def test_tap__later_in_place_arithmetic_does_not_change_it() -> None:
    class Adding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)

        def forward(self, images: Tensor) -> Tensor:
            y: Tensor = self.conv(images)
            y += 100
            return y

    assert tap(audited(Adding()), torch.rand(1, 3, 32, 32), ["conv", "output"])["conv"].max() < 50


def test_reduce_taps__keeps_what_the_reduction_gives(resnet: AuditedModel) -> None:
    shapes = reduce_taps(
        resnet, torch.rand(2, 3, 32, 32), ["layer3.8", "relu"], lambda name, output: output.shape
    )
    assert shapes == {"layer3.8": (2, 64, 8, 8), "relu": (2, 16, 32, 32)}
