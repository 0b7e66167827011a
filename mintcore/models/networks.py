"""The networks of this project: CIFAR ResNets and the object classifier of the MINT papers."""

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


class ObjectCnn(nn.Module):
    """The object classifier of arXiv 2601.12929: three convolution blocks and a dense layer.

    Inputs of 25 to 32 pixels reach the dense layer as 4 x 4 maps without resampling; larger ones
    are averaged down to 4 x 4, smaller ones repeated up to it.

    Args:
        filters: Filters of the first block; the second has twice, the third four times as many.
        dense: Width of the dense layer.
        num_classes: Width of the output.
        in_channels: Channels of the input.
    """

    def __init__(self, filters: int, dense: int, num_classes: int, in_channels: int) -> None:
        super().__init__()
        self.block1 = _object_block(in_channels, filters)
        self.block2 = _object_block(filters, 2 * filters)
        self.block3 = _object_block(2 * filters, 4 * filters)
        self.dense = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(4 * filters * 4 * 4, dense),
            nn.ReLU(),
            nn.Dropout(0.5),
        )
        self.output = nn.Linear(dense, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, H, W) to logits (N, num_classes)."""
        maps = self.block3(self.block2(self.block1(images)))
        logits: Tensor = self.output(self.dense(maps))
        return logits


def _stage(channels_in: int, channels: int, blocks: int) -> nn.Sequential:
    first = CifarBlock(channels_in, channels)
    return nn.Sequential(first, *(CifarBlock(channels, channels) for _ in range(blocks - 1)))


def _object_block(channels_in: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, 3, padding=1),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Dropout(0.25),
    )


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                with torch.no_grad():
                    module.bias.zero_()
