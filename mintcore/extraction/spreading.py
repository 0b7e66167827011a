"""Extraction as the workers of a cluster do it: tasks of ``mintcore.cluster``."""

from dataclasses import dataclass, replace
from pathlib import Path

from mintcore.devices import choose_device
from mintcore.extraction.batches import choose_batch
from mintcore.extraction.blocks import BlockMaker, Piece
from mintcore.models.registration import AuditedModel, load_described
from mintcore.progress import SilentReporter
from store.artefacts import Card, Home
from store.feature_store import FeatureStore
from store.writer import StagedBlock, Writer


@dataclass(frozen=True)
class ModelTask:
    """Work with one model.

    Attributes:
        home: The home folder, absolute.
        model: Card of a registered model, or of the fresh twin of one.
    """

    home: Path
    model: Card

    def load(self, device: str) -> AuditedModel:
        """Load the model onto a device."""
        return load_described(Home(self.home), self.model, choose_device(device))


class BatchTask(ModelTask):
    """Choosing how many images go through the model at once, on the devices that will do it."""

    def begin(self, device: str, threads: int) -> "BatchDesk":
        """Load the model."""
        return BatchDesk(self.load(device))


@dataclass(frozen=True)
class BatchDesk:
    """A worker's model."""

    model: AuditedModel

    def make(self, piece: None) -> int:
        """Choose."""
        return choose_batch(self.model)


@dataclass(frozen=True)
class BlockTask(ModelTask):
    """Making blocks, which the driver publishes.

    Attributes:
        store: The model's store.
    """

    store: FeatureStore

    def begin(self, device: str, threads: int) -> "BlockDesk":
        """Load the model."""
        return BlockDesk(self.load(device), self.store, threads)


class BlockDesk:
    """A worker's model and store."""

    def __init__(self, model: AuditedModel, store: FeatureStore, threads: int) -> None:
        self._maker, self._store, self._threads = BlockMaker(model), store, threads
        self._writers: dict[str, Writer] = {}

    def make(self, piece: Piece) -> StagedBlock:
        """Make a block, and take it to where it will be; it is decoded by as many threads as this worker has."""
        if piece.lease not in self._writers:
            self._writers[piece.lease] = self._store.join(piece.lease, piece.specs)
        pace = replace(piece.pace, workers=self._threads)
        writer = self._writers[piece.lease]
        return writer.upload(self._maker.make(replace(piece, pace=pace), writer, SilentReporter()))
