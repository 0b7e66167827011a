"""Fill a store, block by block.

Images are taken in blocks of the store; batches never straddle a block, so a run that was killed continues at the next
block with the very batches an undisturbed run would have had. Blocks are published in the order in which they were
planned, by whomever they were made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from mintcore.extraction.blocks import Piece
from mintcore.extraction.computing import Pace
from mintcore.progress import Reporter
from store.feature_store import FeatureStore
from store.index import Planner
from store.layout import ArraySpec
from store.writer import StagedBlock, Writer

COMMIT_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Inputs:
    """Images that go through the model.

    Attributes:
        images: Sample id -> uri.
        classes: Sample id -> class number, where a gradient or signal needs it.
    """

    images: Mapping[str, str]
    classes: Mapping[str, int]


class Filling:
    """One run that fills a store; it holds leases as long as its block runs.

    Args:
        store: The store.
        specs: The arrays wanted.
        pace: How images go through the model.
        reporter: Told of images that another run has stored meanwhile.
    """

    def __init__(
        self, store: FeatureStore, specs: Sequence[ArraySpec], pace: Pace, reporter: Reporter
    ) -> None:
        self._store, self._specs, self._pace, self._reporter = store, specs, pace, reporter
        self._writers: dict[str, Writer] = {}
        self._leases: dict[tuple[str, ...], str] = {}
        self._known: set[int] = set()
        self._open = ExitStack()

    def __enter__(self) -> "Filling":
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def pieces(self, windows: Iterable[Inputs]) -> Iterator[Piece]:
        """Cut what the store lacks into blocks; each is cut when it is asked for.

        Args:
            windows: The images, in order.
        """
        planner = self._planner()
        for inputs in windows:
            if not self._store.blocks() <= self._known:  # this run's own have none of these images
                planner = self._planner()
            plan = planner.plan(list(inputs.images), [spec.key for spec in self._specs])
            # in an order that does not hang on what is there already, so that a resumed run writes the same blocks
            for keys, sample_ids in sorted(plan.missing.items()):
                yield from self._cut(inputs, keys, sample_ids)

    def writer(self, piece: Piece) -> Writer:
        """Give the writer of a piece's arrays."""
        return self._writers[piece.lease]

    def publish(self, staged: StagedBlock) -> int:
        """Publish a block; give its rows."""
        self._known.add(self._writers[staged.lease].publish(staged))
        return len(staged.outcomes)

    def _planner(self) -> Planner:
        """Plan against what is there by now; of what others commit later, it knows nothing."""
        planner = self._store.planner()
        self._known |= planner.blocks
        return planner

    def _cut(
        self, inputs: Inputs, keys: tuple[str, ...], sample_ids: Sequence[str]
    ) -> Iterator[Piece]:
        specs = tuple(spec for spec in self._specs if spec.key in keys)
        lease = self._lease(specs, len(sample_ids))
        rows = rows_a_commit(specs, self._store.block_rows, self._pace.batch_size)
        for start in range(0, len(sample_ids), rows):
            asked = sample_ids[start : start + rows]
            left = self._left(asked, keys)
            self._reporter.advance(len(asked) - len(left))
            if left:
                uris = {name: inputs.images[name] for name in left}
                classes = {name: inputs.classes[name] for name in left if name in inputs.classes}
                yield Piece(lease, specs, uris, classes, self._pace)

    def _lease(self, specs: tuple[ArraySpec, ...], rows: int) -> str:
        """Open a writer for some arrays, once a run; give the token of its lease."""
        keys = tuple(spec.key for spec in specs)
        if keys not in self._leases:
            writer = self._open.enter_context(self._store.writer(specs, rows=rows))
            self._leases[keys] = writer.lease.token
            self._writers[writer.lease.token] = writer
        return self._leases[keys]

    def _left(self, sample_ids: Sequence[str], keys: Sequence[str]) -> list[str]:
        """Leave out what another run has stored meanwhile: only unknown blocks can hold it."""
        if self._store.blocks() <= self._known:
            return list(sample_ids)
        missing = {
            name for ids in self._store.plan(sample_ids, keys).missing.values() for name in ids
        }
        return [name for name in sample_ids if name in missing]


def rows_a_commit(specs: Sequence[ArraySpec], block_rows: int, batch_size: int) -> int:
    """Give how many images a commit has, at most a block's.

    It bounds what a run that dies can lose; the rest of its block stays unused, which costs nothing.
    """
    row_bytes = sum(spec.row_bytes for spec in specs)
    batches = max(1, COMMIT_BYTES // (row_bytes * batch_size))
    return min(block_rows, batches * batch_size)
