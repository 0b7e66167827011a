"""Networks of torchvision and timm: their axes, patches and stages are read, none of them guessed."""

from typing import Any

import pytest
import torch
from torch import nn

from mintcore.models.architectures import build
from mintcore.models.audited import ready
from mintcore.models.layers import Layer
from mintcore.models.suggestions import suggest
from mintcore.models.tracing import trace


def traced(module: nn.Module, side: int) -> tuple[list[Layer], list[Layer]]:
    """All taps and the suggested ones."""
    module = ready(module, "cpu")
    calls = trace(module, (3, side, side))
    return [call.layer for call in calls], suggest(module, calls)


def of_torchvision(name: str, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    if not options:
        return build(f"torchvision:{name}", num_classes=10, in_channels=3)
    import torchvision  # noqa: PLC0415 - takes seconds

    module: nn.Module = torchvision.models.get_model(name, num_classes=10, **options)
    return module


def of_timm(name: str, **options: Any) -> nn.Module:
    timm = pytest.importorskip("timm", reason="timm is an optional extra")
    module: nn.Module = timm.create_model(name, num_classes=10, **options)
    return module


def stages(layers: list[Layer]) -> list[tuple[int, ...]]:
    return [layer.shape for layer in layers if layer.role == "stage"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18", [(64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)]),
        ("densenet121", [(256, 16, 16), (512, 8, 8), (1024, 4, 4), (1024, 2, 2)]),
        ("convnext_tiny", [(96, 16, 16), (192, 8, 8), (384, 4, 4), (768, 2, 2)]),
        ("swin_t", [(96, 16, 16), (192, 8, 8), (384, 4, 4), (768, 2, 2)]),
        ("swin_v2_t", [(96, 16, 16), (192, 8, 8), (384, 4, 4), (768, 2, 2)]),
        ("regnet_y_400mf", [(48, 16, 16), (104, 8, 8), (208, 4, 4), (440, 2, 2)]),
        (
            "mobilenet_v3_small",
            [(16, 32, 32), (16, 16, 16), (24, 8, 8), (48, 4, 4), (576, 2, 2)],
        ),
        (
            "efficientnet_b0",
            [(16, 32, 32), (24, 16, 16), (40, 8, 8), (112, 4, 4), (1280, 2, 2)],
        ),
    ],
)
def test_torchvision__all_axes_are_known_and_stages_end_before_maps_shrink(
    name: str, expected: list[tuple[int, ...]]
) -> None:
    every, suggested = traced(of_torchvision(name), 64)
    assert [layer.name for layer in every if layer.assumed] == []
    assert stages(suggested) == expected


def test_torchvision__maxvit() -> None:
    small: dict[str, Any] = {
        "input_size": (64, 64),
        "stem_channels": 8,
        "partition_size": 4,
        "block_channels": [8, 16, 24],
        "block_layers": [1, 2, 1],
        "head_dim": 4,
        "stochastic_depth_prob": 0.0,
    }
    import torchvision  # noqa: PLC0415 - takes seconds

    module = torchvision.models.MaxVit(**small, num_classes=10)
    every, suggested = traced(module, 64)
    assert [layer.name for layer in every if layer.assumed] == []
    assert stages(suggested) == [(8, 32, 32), (8, 16, 16), (16, 8, 8), (24, 4, 4)]


def test_torchvision__vit_has_a_class_token() -> None:
    every, suggested = traced(of_torchvision("vit_b_16", image_size=64), 64)
    tokens = [layer for layer in every if layer.kind == "tokens"]
    assert len(tokens) > 50
    assert {(layer.prefix_tokens, layer.grid) for layer in tokens} == {(1, (4, 4))}
    assert all(layer.class_token and not layer.assumed for layer in tokens)
    assert stages(suggested) == [(17, 768)]


@pytest.mark.parametrize(
    ("name", "options", "prefix", "class_token"),
    [
        ("vit_tiny_patch16_224", {}, 1, True),
        ("deit_tiny_distilled_patch16_224", {}, 2, True),
        ("vit_medium_patch16_reg4_gap_256", {"depth": 2}, 4, False),
    ],
)
def test_timm__prefix_of_tokens(
    name: str, options: dict[str, Any], prefix: int, class_token: bool
) -> None:
    _, suggested = traced(of_timm(name, img_size=64, **options), 64)
    tokens = [layer for layer in suggested if layer.kind == "tokens"]
    assert {(layer.prefix_tokens, layer.grid) for layer in tokens} == {(prefix, (4, 4))}
    assert {layer.class_token for layer in tokens} == {class_token}
    assert not any(layer.assumed for layer in suggested)


def test_timm__dinov2_has_registers_after_its_class_token() -> None:
    module = of_timm("vit_small_patch14_reg4_dinov2", img_size=56, depth=2)
    _, suggested = traced(module, 56)
    found = {layer.name: layer for layer in suggested}["blocks.0"]
    expected = (5, (4, 4), True, False)
    assert (found.prefix_tokens, found.grid, found.class_token, found.assumed) == expected


def test_timm__patches_of_an_oblong_image_are_no_square() -> None:
    # 16 patches, which could be taken for 4 x 4
    module = ready(of_timm("vit_tiny_patch16_224", img_size=(128, 32), depth=1), "cpu")
    layers = {call.layer.name: call.layer for call in trace(module, (3, 128, 32))}
    assert layers["blocks.0"].grid == (8, 2)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        (
            "swin_tiny_patch4_window7_224",
            {"img_size": 64, "window_size": 2},
            [(96, 16, 16), (192, 8, 8), (384, 4, 4), (768, 2, 2)],
        ),
        ("convnext_atto", {}, [(40, 16, 16), (80, 8, 8), (160, 4, 4), (320, 2, 2)]),
        (
            "mobilenetv4_conv_small",
            {},
            [(32, 32, 32), (32, 16, 16), (64, 8, 8), (96, 4, 4), (960, 2, 2)],
        ),
    ],
)
def test_timm__maps_are_known(
    name: str, options: dict[str, Any], expected: list[tuple[int, ...]]
) -> None:
    every, suggested = traced(of_timm(name, **options), 64)
    assert [layer.name for layer in every if layer.assumed] == []
    assert stages(suggested) == expected


def test_unknown_network__what_cannot_be_read_is_assumed() -> None:
    class Odd(nn.Module):
        """Turns the axes of maps where nobody sees it, and ends in a product of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.turn = Turn()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.turn(images).sum((1, 2))

    every, _ = traced(Odd(), 3)
    assert {layer.name: layer.assumed for layer in every} == {
        "input": False,
        "turn": True,
        "output": False,
    }


class Turn(nn.Module):
    """Gives new (N, 5, 5, 5) values."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give maps whose axes are all alike."""
        return images.new_ones(len(images), 5, 5, 5)
