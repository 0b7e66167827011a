"""A small network, and files that torch.export makes of it."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mintcore.models.audited import ready
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.programs.archive import read_archive
from mintcore.models.programs.module import ProgramModule

PREPROCESSING = Preprocessing((16, 16), (0.5,) * 3, (0.25,) * 3)
DYNAMIC = ({0: torch.export.Dim.DYNAMIC},)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.act = nn.PReLU(4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.act(self.bn(self.conv(x)))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2)
        self.relu = nn.ReLU(inplace=True)
        self.blocks = nn.ModuleList([Block(), Block()])
        self.scale = nn.Parameter(torch.rand(1, 4, 1, 1))
        self.register_buffer("shift", torch.rand(1, 4, 1, 1))
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.stem(x))
        for block in self.blocks:
            x = block(x)
        x = x * self.scale + self.shift
        # its size in the graph is a computed number
        return self.fc(x.flatten(2).mean(2).reshape(x.shape[0], -1))


def trained() -> nn.Module:
    torch.manual_seed(0)
    net = Net()
    net(torch.randn(8, 3, 16, 16))  # moves the statistics of the norms
    return net.eval()


def exported(net: nn.Module, file: Path, *, decomposed: bool = False, **options: Any) -> Path:
    options = {"dynamic_shapes": DYNAMIC} | options
    program = torch.export.export(net, (torch.zeros(2, 3, 16, 16),), **options)
    torch.export.save(program.run_decompositions() if decomposed else program, file)
    return file


def module_of(file: Path) -> ProgramModule:
    module = ProgramModule(*read_archive(file))
    ready(module, "cpu")
    return module
