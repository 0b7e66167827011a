import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mintcore.models.architectures import build
from mintcore.models.audited import ready
from mintcore.models.cost import without_fast_path
from mintcore.models.layers import Layer
from mintcore.models.tracing import trace


def traced(module: nn.Module, side: int) -> dict[str, Layer]:
    return {call.layer.name: call.layer for call in trace(ready(module, "cpu"), (3, side, side))}


class Net(nn.Module):
    """Two convolutions and a head; the second convolution is used last, and one part never."""

    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Conv2d(4, 2, 1, bias=False)
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.unused = nn.Linear(7, 7)
        self.scale = nn.Parameter(torch.ones(6))

    def forward(self, images: Tensor) -> Tensor:
        x: Tensor = self.second(self.first(images)).flatten(1)
        return x[:, :6] * self.scale


def test_cost__counts_two_operations_a_multiply_add_up_to_the_tap() -> None:
    layers = traced(Net(), 5)
    first = 2 * 25 * 4 * 3 * 9
    assert layers["input"].flops == 0
    assert layers["first"].flops == first
    assert layers["second"].flops == layers["output"].flops == first + 2 * 25 * 2 * 4


def test_cost__counts_the_parameters_that_were_used_up_to_the_tap() -> None:
    used = {name: layer.parameters_up_to for name, layer in traced(Net(), 5).items()}
    assert used == {"input": 0, "first": 112, "second": 120, "output": 126}


@pytest.mark.parametrize(
    ("arch", "side"),
    [
        ("mintcore:resnet20-cifar", 32),
        ("torchvision:vit_b_32", 64),
        ("torchvision:swin_t", 64),
        ("torchvision:efficientnet_b0", 64),
    ],
)
def test_cost__of_the_whole_is_that_of_torch(arch: str, side: int) -> None:
    torch.manual_seed(0)
    options = {"image_size": side} if "vit" in arch else {}
    module = network(arch, **options)
    with FlopCounterMode(display=False) as counter, torch.no_grad(), without_fast_path():
        module(torch.zeros(3, 3, side, side))
    output = traced(module, side)["output"]
    assert output.flops == counter.get_total_flops() // 3
    assert output.parameters_up_to == output.parameters


def network(arch: str, **options: int) -> nn.Module:
    if not options:
        return build(arch, num_classes=10, in_channels=3).eval()
    import torchvision  # noqa: PLC0415 - takes seconds

    name = arch.partition(":")[2]
    return torchvision.models.get_model(name, num_classes=10, **options).eval()


def test_cost__fast_path_is_as_it_was_before() -> None:
    assert torch.backends.mha.get_fastpath_enabled()
    traced(Net(), 5)
    assert torch.backends.mha.get_fastpath_enabled()
