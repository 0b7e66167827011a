"""Improved ResNets for face recognition: Deng et al. 2019 (ArcFace), section 3.1.

Names and shapes are those of the checkpoints that were published with it (MS1M, Glint360k), so that
those files load as they are.
"""

from torch import Tensor, nn

EMBEDDING_SIZE = 512
SIDE_PX = 112

# Blocks of the four stages.
STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}

_WIDTHS = (64, 128, 256, 512)
_LAST_MAP_SIDE = 7
_FRESH_STD = 0.1


class IResNet(nn.Module):
    """Improved ResNet: 112 x 112 images to embeddings of 512 numbers.

    Args:
        depth: 18, 34, 50 or 100.
        in_channels: Channels of the input.
    """

    def __init__(self, depth: int, in_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, _WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(_WIDTHS[0])
        self.prelu = nn.PReLU(_WIDTHS[0])
        one, two, three, four = STAGES[depth]
        self.layer1 = _stage(_WIDTHS[0], _WIDTHS[0], one)
        self.layer2 = _stage(_WIDTHS[0], _WIDTHS[1], two)
        self.layer3 = _stage(_WIDTHS[1], _WIDTHS[2], three)
        self.layer4 = _stage(_WIDTHS[2], _WIDTHS[3], four)
        self.bn2 = nn.BatchNorm2d(_WIDTHS[3])
        self.dropout = nn.Dropout(0.0)
        self.fc = nn.Linear(_WIDTHS[3] * _LAST_MAP_SIDE**2, EMBEDDING_SIZE)
        self.features = nn.BatchNorm1d(EMBEDDING_SIZE)
        self._initialise()

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, 112, 112) to embeddings (N, 512), not normalised."""
        x = self.prelu(self.bn1(self.conv1(images)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = self.dropout(self.bn2(x).flatten(1))
        embeddings: Tensor = self.features(self.fc(x))
        return embeddings

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=_FRESH_STD)
        # The embedding is centred, and scaled once and for all: its scale is not learned.
        self.features.weight.requires_grad_(False)


class IBlock(nn.Module):
    """Norm, convolution, norm, PReLU, convolution, norm, and a shortcut around them."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.prelu = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self.downsample = _downsample(channels_in, channels, stride) if stride > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C_in, H, W) to (N, C, H / stride, W / stride)."""
        y = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        shortcut = x if self.downsample is None else self.downsample(x)
        added: Tensor = self.bn3(self.conv2(y)) + shortcut
        return added


def _stage(channels_in: int, channels: int, blocks: int) -> nn.Sequential:
    first = IBlock(channels_in, channels, stride=2)
    return nn.Sequential(first, *(IBlock(channels, channels, stride=1) for _ in range(blocks - 1)))


def _downsample(channels_in: int, channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
    )
