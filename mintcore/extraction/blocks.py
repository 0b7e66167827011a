"""Make blocks of a store: run the model over some images, and finish what comes of it."""

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from mintcore.extraction.computing import Pace, compute, non_finite
from mintcore.extraction.gathering import Rows, gathered
from mintcore.models.registration import AuditedModel
from mintcore.progress import Reporter
from store.layout import ArraySpec
from store.writer import Block, StagedBlock, Writer

BUFFERS = 2


@dataclass(frozen=True)
class Piece:
    """Images that become one block.

    Attributes:
        lease: Token of the lease of the writer that is to publish it.
        specs: The arrays that lack them.
        uris: Sample id -> where the image can be read.
        classes: Sample id -> class number, where a gradient or signal needs it.
        pace: How they go through the model.
    """

    lease: str
    specs: tuple[ArraySpec, ...]
    uris: Mapping[str, str]
    classes: Mapping[str, int]
    pace: Pace


class BlockMaker:
    """Makes blocks with one model.

    Args:
        model: The audited model, on its device.
    """

    def __init__(self, model: AuditedModel) -> None:
        self._model = model
        self._buffers: dict[tuple[ArraySpec, ...], Sequence[Rows]] = {}

    def make(self, piece: Piece, writer: Writer, reporter: Reporter) -> StagedBlock:
        """Compute a piece, and write it beside the model that computes.

        Args:
            piece: The images.
            writer: Of the piece's arrays.
            reporter: Told of every batch.
        """
        buffers = self._buffers_of(piece)
        with writer.block() as block, ThreadPoolExecutor(1) as thread:
            under_way: deque[Future[None]] = deque()
            computed = compute(self._model, piece.uris, piece.specs, piece.classes, piece.pace)
            for rows in gathered(computed, buffers, reporter):
                under_way.append(thread.submit(_append, block, rows))
                if len(under_way) == len(buffers):  # the next one is used again
                    under_way.popleft().result()
            while under_way:
                under_way.popleft().result()
            return block.finish()

    def _buffers_of(self, piece: Piece) -> Sequence[Rows]:
        """Give the memory that rows of these arrays go through; that of the arrays before is free by then."""
        if piece.specs not in self._buffers:
            batch = piece.pace.batch_size
            self._buffers = {piece.specs: [Rows(piece.specs, batch) for _ in range(BUFFERS)]}
        return self._buffers[piece.specs]


def _append(block: Block, rows: Rows) -> None:
    arrays = rows.arrays()
    failures = non_finite(rows.sample_ids, arrays) | rows.unreadable
    block.append(rows.sample_ids, arrays, failures)
