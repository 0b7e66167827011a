"""What an extraction has to do, counted by the product's own code: pieces, bytes, operations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from mintcore.arrays import View, array_specs
from mintcore.extraction.filling import rows_a_commit
from mintcore.extraction.images import WINDOW_IMAGES
from mintcore.models.layers import MAP, POOLED, Layer
from store.layout import ArraySpec, choose_layout

ARCH, SIDE = "mintcore:iresnet100", 112
MAP_SIDE = 16
BATCH = 256
"""Images at once on a GPU; only the size of the last batch before a commit hangs on it."""


@dataclass(frozen=True)
class Workload:
    """An extraction into an empty store.

    Attributes:
        what: What is kept, in words.
        images: How many.
        arrays: What is kept of each.
        flops: Operations an image, two for a multiply-add.
        map_share: What zstd leaves of maps.
    """

    what: str
    images: int
    arrays: tuple[ArraySpec, ...]
    flops: int
    map_share: float = 1.0

    @property
    def row_bytes(self) -> float:
        """What an image takes in all arrays together, after compression."""
        return sum(self.stored_bytes(spec) for spec in self.arrays)

    @property
    def raw_bytes(self) -> int:
        """The same before compression, which is what a worker has to write."""
        return sum(spec.row_bytes for spec in self.arrays)

    @property
    def piece_rows(self) -> int:
        """Images of a full piece: a block of the store, or as many as one commit may hold."""
        block_rows = choose_layout(1, "", self.images).block_rows
        return rows_a_commit(self.arrays, block_rows, BATCH)

    def stored_bytes(self, spec: ArraySpec) -> float:
        """Give what a row of an array takes after compression."""
        compressed = choose_layout(spec.row_bytes, spec.view, self.images).compressed
        return spec.row_bytes * (self.map_share if compressed else 1.0)

    def windows(self) -> Iterator[int]:
        """Give the sizes of the windows in which images are planned."""
        for start in range(0, self.images, WINDOW_IMAGES):
            yield min(WINDOW_IMAGES, self.images - start)

    def pieces(self, window: int) -> Iterator[int]:
        """Give the sizes of the pieces into which a window is cut."""
        rows = self.piece_rows
        for start in range(0, window, rows):
            yield min(rows, window - start)


@cache
def network(arch: str = ARCH) -> tuple[Layer, ...]:
    """List the suggested layers of a face network at 112 pixels, without the input."""
    from mintcore.models.architectures import build  # noqa: PLC0415 - imports PyTorch
    from mintcore.models.suggestions import suggest  # noqa: PLC0415
    from mintcore.models.tracing import trace  # noqa: PLC0415

    module = build(arch, num_classes=None, in_channels=3).eval()
    return tuple(suggest(module, trace(module, (3, SIDE, SIDE)))[1:])


def pooled(layers: Sequence[Layer], images: int) -> Workload:
    """All blocks of a network, pooled."""
    blocks = [layer for layer in layers if layer.role in ("block", "stage")]
    arrays = array_specs(blocks, [View(POOLED)])
    return Workload(f"{len(blocks)} blocks, pooled", images, tuple(arrays), _flops(blocks))


def maps(layers: Sequence[Layer], images: int, share: float) -> Workload:
    """The last block of each stage of a network, as maps of at most 16 x 16.

    Args:
        layers: Of the network.
        images: How many.
        share: What zstd leaves of them.
    """
    stages = [layer for layer in layers if layer.role == "stage"]
    arrays = array_specs(stages, [View(MAP, MAP_SIDE)])
    what = f"{len(stages)} layers, maps of {MAP_SIDE} x {MAP_SIDE}"
    return Workload(what, images, tuple(arrays), _flops(stages), share)


def _flops(layers: Sequence[Layer]) -> int:
    """The forward stops after the deepest layer."""
    return max(layer.flops or 0 for layer in layers)
