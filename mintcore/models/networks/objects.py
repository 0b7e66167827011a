"""The object classifier of the MINT papers."""

from torch import Tensor, nn


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
