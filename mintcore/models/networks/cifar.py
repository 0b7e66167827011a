"""The ResNets for CIFAR."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class CifarResNet(nn.Module):
    """ResNet for 32 x 32 images with parameter-free shortcuts: He et al. 2016, 4.2, option A.

    Args:
        blocks_a_stage: (depth - 2) / 6, thus 9 for ResNet-56.
        num_classes: Width of the output.
        in_channels: Channels of the input.
    """

    def __init__(self, blocks_a_stage: int, num_classes: int, in_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.layer1 = _stage(16, 16, blocks_a_stage)
        self.layer2 = _stage(16, 32, blocks_a_stage)
        self.layer3 = _stage(32, 64, blocks_a_stage)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(64, num_classes)
        _initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, H, W) to logits (N, num_classes)."""
        x = self.relu(self.bn1(self.conv1(images)))
        x = self.layer3(self.layer2(self.layer1(x)))
        logits: Tensor = self.linear(self.avgpool(x).flatten(1))
        return logits


class CifarBlock(nn.Module):
    """Two 3 x 3 convolutions; a shortcut that subsamples and pads with zero channels."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self._stride = channels // channels_in
        self._padding = (channels - channels_in) // 2
        self.conv1 = nn.Conv2d(channels_in, channels, 3, self._stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, H, W) to (N, C, H / stride, W / stride)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self._shortcut(x))

    def _shortcut(self, x: Tensor) -> Tensor:
        if self._stride == 1:
            return x
        sampled = x[:, :, :: self._stride, :: self._stride]
        return functional.pad(sampled, (0, 0, 0, 0, self._padding, self._padding))


def _stage(channels_in: int, channels: int, blocks: int) -> nn.Sequential:
    first = CifarBlock(channels_in, channels)
    return nn.Sequential(first, *(CifarBlock(channels, channels) for _ in range(blocks - 1)))


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                with torch.no_grad():
                    module.bias.zero_()
