"""MobileFaceNet: Chen et al. 2018, a face network of a million parameters.

Names and shapes are those of the widely used PyTorch weights for 112 x 96 images.
"""

import math
from collections.abc import Mapping

from torch import Tensor, nn

EMBEDDING_SIZE = 128
SIZE_PX = (112, 96)
# The image's side over the last map's.
SHRINKS = 16

# Expansion, channels, blocks and the first block's stride of each stage: table 1 of the paper.
_STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
_STEM_CHANNELS = 64
_LAST_CHANNELS = 512


class MobileFaceNet(nn.Module):
    """MobileFaceNet: images of one size to embeddings of 128 numbers.

    The last convolution weighs every place of the last map by itself, so the network is made for one
    size of images.

    Args:
        size: Height and width of the images in pixels.
        in_channels: Channels of the input.
    """

    def __init__(self, size: tuple[int, int], in_channels: int) -> None:
        super().__init__()
        last_map = (math.ceil(size[0] / SHRINKS), math.ceil(size[1] / SHRINKS))
        stem, last = _STEM_CHANNELS, _LAST_CHANNELS
        self.conv1 = ConvBlock(in_channels, stem, 3, stride=2, padding=1)
        self.dw_conv1 = ConvBlock(stem, stem, 3, padding=1, groups=stem)
        self.blocks = nn.Sequential(*_bottlenecks())
        self.conv2 = ConvBlock(_STAGES[-1][1], last, 1)
        self.linear7 = ConvBlock(last, last, last_map, groups=last, linear=True)
        self.linear1 = ConvBlock(last, EMBEDDING_SIZE, 1, linear=True)
        _initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, H, W) to embeddings (N, 128), not normalised."""
        maps = self.conv2(self.blocks(self.dw_conv1(self.conv1(images))))
        embeddings: Tensor = self.linear1(self.linear7(maps)).flatten(1)
        return embeddings

    @staticmethod
    def size_of(weights: Mapping[str, Tensor]) -> tuple[int, int] | None:
        """Tell the size of images that weights were trained for, from those of the last map.

        Returns:
            Height and width in pixels, or None where the weights are of another network.
        """
        kernel = weights.get("linear7.conv.weight")
        if kernel is None or kernel.ndim != 4:
            return None
        return kernel.shape[2] * SHRINKS, kernel.shape[3] * SHRINKS


class ConvBlock(nn.Module):
    """Convolution, norm, and PReLU unless it is to be linear."""

    def __init__(
        self,
        channels_in: int,
        channels: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels_in, channels, kernel, stride, padding, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(channels)
        self.prelu = None if linear else nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, H, W) to (N, C, h, w)."""
        y: Tensor = self.bn(self.conv(x))
        return y if self.prelu is None else self.prelu(y)


class Bottleneck(nn.Module):
    """Widen, convolve each channel, narrow; a shortcut where the shape stays."""

    def __init__(self, channels_in: int, channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self._has_shortcut = stride == 1 and channels_in == channels
        self.conv = nn.Sequential(
            nn.Conv2d(channels_in, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.PReLU(wide),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.PReLU(wide),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, H, W) to (N, C, H / stride, W / stride)."""
        y: Tensor = self.conv(x)
        return x + y if self._has_shortcut else y


def _bottlenecks() -> list[Bottleneck]:
    made: list[Bottleneck] = []
    channels_in = _STEM_CHANNELS
    for expansion, channels, blocks, stride in _STAGES:
        for place in range(blocks):
            made.append(Bottleneck(channels_in, channels, stride if place == 0 else 1, expansion))
            channels_in = channels
    return made


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
