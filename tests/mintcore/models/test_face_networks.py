"""Names and shapes of the face networks, written out here from what was published with the weights."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mintcore.errors import MintError
from mintcore.models.architectures import build, fitting_size, head_of, infer_num_classes
from mintcore.models.networks.iresnet import IBlock
from mintcore.models.networks.mobilefacenet import MobileFaceNet
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model, load_model, register_module
from store.artefacts import Home

FACE = Preprocessing((112, 112), (0.5,) * 3, (0.5,) * 3)
Shapes = dict[str, tuple[int, ...]]


def norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for field in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{field}", (channels,)
    yield f"{name}.num_batches_tracked", ()


def published_iresnet(stages: tuple[int, ...]) -> Shapes:
    shapes: Shapes = {"conv1.weight": (64, 3, 3, 3), "prelu.weight": (64,)}
    shapes |= dict(norm("bn1", 64)) | dict(norm("bn2", 512)) | dict(norm("features", 512))
    shapes |= {"fc.weight": (512, 25_088), "fc.bias": (512,)}
    inside = 64
    for stage, (blocks, width) in enumerate(zip(stages, (64, 128, 256, 512), strict=True), 1):
        for block in range(blocks):
            at = f"layer{stage}.{block}"
            before = inside if block == 0 else width
            shapes |= dict(norm(f"{at}.bn1", before)) | dict(norm(f"{at}.bn2", width))
            shapes |= dict(norm(f"{at}.bn3", width)) | {f"{at}.prelu.weight": (width,)}
            shapes[f"{at}.conv1.weight"] = (width, before, 3, 3)
            shapes[f"{at}.conv2.weight"] = (width, width, 3, 3)
            if block == 0:
                shapes[f"{at}.downsample.0.weight"] = (width, before, 1, 1)
                shapes |= dict(norm(f"{at}.downsample.1", width))
        inside = width
    return shapes


def on_meta(arch: str) -> torch.nn.Module:
    with torch.device("meta"):
        return build(arch, num_classes=None, in_channels=3)


@pytest.mark.parametrize(
    ("depth", "stages", "parameters"),
    [
        (18, (2, 2, 2, 2), 24_025_600),
        (34, (3, 4, 6, 3), 34_139_328),
        (50, (3, 4, 14, 3), 43_590_848),
        (100, (3, 13, 30, 3), 65_156_160),
    ],
)
def test_iresnet__names_and_shapes_are_those_published(
    depth: int, stages: tuple[int, ...], parameters: int
) -> None:
    module = on_meta(f"mintcore:iresnet{depth}")
    assert {name: tuple(t.shape) for name, t in module.state_dict().items()} == (
        published_iresnet(stages)
    )
    assert sum(parameter.numel() for parameter in module.parameters()) == parameters


def test_iresnet__keys_of_a_published_checkpoint_are_there() -> None:
    keys = on_meta("mintcore:iresnet100").state_dict()
    assert {
        "conv1.weight",
        "bn1.running_var",
        "prelu.weight",
        "layer1.0.downsample.0.weight",
        "layer2.12.bn3.bias",
        "layer3.29.conv2.weight",
        "layer4.2.prelu.weight",
        "bn2.weight",
        "fc.bias",
        "features.running_mean",
    } <= set(keys)
    assert not any(key.startswith(("layer1.0.relu", "layer3.1.downsample")) for key in keys)


def test_iresnet__stride_is_in_the_second_convolution() -> None:
    block = on_meta("mintcore:iresnet18").get_submodule("layer2.0")
    assert block.conv1.stride == (1, 1)  # type: ignore[union-attr]
    assert block.conv2.stride == (2, 2)  # type: ignore[union-attr]
    assert all(m.eps == 1e-5 for m in block.modules() if isinstance(m, torch.nn.BatchNorm2d))


def test_iresnet__scale_of_the_embedding_is_not_learned() -> None:
    module = on_meta("mintcore:iresnet18")
    assert not module.get_parameter("features.weight").requires_grad
    assert module.get_parameter("features.bias").requires_grad


def test_iresnet__block_adds_its_shortcut_unchanged() -> None:
    block = IBlock(4, 4, stride=1).eval()
    torch.nn.init.zeros_(block.bn3.weight)
    x = torch.randn(2, 4, 6, 6)
    # nothing, such as an activation, comes after the sum
    assert torch.equal(block(x), x)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("faces")
    torch.manual_seed(1)
    module = build("mintcore:iresnet18", num_classes=None, in_channels=3)
    torch.save(module.state_dict(), folder / "backbone.pth")
    home = Home(folder / "home")
    add_model(home, "face", "mintcore:iresnet18", folder / "backbone.pth", FACE)
    return home


def test_add_model__backbone_saved_by_torch_loads_as_an_embedding(home: Home) -> None:
    card = home.card("models", "face")
    assert (card["head"], card["embedding_size"], card["num_classes"]) == ("embedding", 512, None)
    assert card["parameters"] == 24_025_600


def test_load_model__face_model_embeds_an_image(home: Home) -> None:
    model = load_model(home, "face")
    assert model.head == "embedding"
    assert model.module(torch.zeros(1, 3, 112, 112)).shape == (1, 512)


def test_add_model__other_size_than_the_network_takes_says_which(home: Home) -> None:
    small = Preprocessing((96, 96), FACE.mean, FACE.std)
    file = home.path.parent / "backbone.pth"
    with pytest.raises(MintError, match="take images of 112x112, not 96x96: give --size 112x112"):
        add_model(home, "small", "mintcore:iresnet18", file, small)


def test_build__face_network_has_no_classes() -> None:
    with pytest.raises(MintError, match="leave out --num-classes"):
        build("mintcore:iresnet50", num_classes=10, in_channels=3)


def test_head_of__face_networks_embed_and_others_classify() -> None:
    heads = [head_of(arch) for arch in ("mintcore:mobilefacenet", "torchvision:resnet18")]
    assert heads == ["embedding", "classifier"]


def test_infer__face_networks_have_no_number_of_classes() -> None:
    assert infer_num_classes("mintcore:iresnet18", {}) is None


@pytest.mark.parametrize("size", [(112, 96), (112, 112), (100, 90)])
def test_mobilefacenet__is_made_for_one_size(size: tuple[int, int]) -> None:
    module = MobileFaceNet(size, 3).eval()
    last_map = (math.ceil(size[0] / 16), math.ceil(size[1] / 16))
    assert module.get_submodule("linear7.conv").kernel_size == last_map  # type: ignore[union-attr]
    assert module(torch.zeros(1, 3, *size)).shape == (1, 128)


def test_mobilefacenet__size_is_read_off_the_weights() -> None:
    weights: dict[str, Tensor] = MobileFaceNet((112, 96), 3).state_dict()
    assert fitting_size("mintcore:mobilefacenet", weights) == (112, 96)
    assert fitting_size("mintcore:mobilefacenet", {"other": torch.zeros(1)}) is None


def test_register_module__mobilefacenet_of_the_size_it_was_trained_for(tmp_path: Path) -> None:
    preprocessing = Preprocessing((64, 48), FACE.mean, FACE.std)
    module = MobileFaceNet((64, 48), 3)
    card = register_module(
        Home(tmp_path), "m", "mintcore:mobilefacenet", module, preprocessing, trained_on={}
    )
    assert card["embedding_size"] == 128
    assert load_model(Home(tmp_path), "m").module(torch.zeros(1, 3, 64, 48)).shape == (1, 128)
