"""Max-pooling of maps as PyTorch's, bit for bit, without what PyTorch does besides."""

import torch
from torch import Tensor, nn

_PAIR = 2


class MaxPool2d(nn.MaxPool2d):
    """Max-pooling, by PyTorch's name: the design of networks that were fitted before is told by it.

    PyTorch copies each cell where windows are of one cell, there and back. And it keeps where in its window the largest
    cell was, which a gradient needs alone: without that, whole maps can be compared, over ten times as fast on a CPU.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Pool (B, C, H, W)."""
        if self.kernel_size == 1:
            return maps
        if self.kernel_size == _PAIR and maps.device.type == "cpu" and not maps.requires_grad:
            return _largest_of_four(maps)
        pooled: Tensor = super().forward(maps)
        return pooled


def _largest_of_four(maps: Tensor) -> Tensor:
    """Halve maps; of an odd side the last cells are left out."""
    height, width = (side - side % _PAIR for side in maps.shape[2:])
    rows = torch.maximum(maps[:, :, 0:height:2], maps[:, :, 1:height:2])
    return torch.maximum(rows[..., 0:width:2], rows[..., 1:width:2])
