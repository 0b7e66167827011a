"""Compute what a store lacks, block by block.

Images are taken in blocks of the store; batches never straddle a block, so a run that was killed continues at the next
block with the very batches an undisturbed run would have had.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from mintcore.extraction.computing import Computed, Pace, compute, non_finite
from mintcore.extraction.gathering import Rows, gathered
from mintcore.models.registration import AuditedModel
from mintcore.progress import Reporter
from store.feature_store import FeatureStore
from store.layout import ArraySpec
from store.segments import committed_blocks
from store.writer import Block, Writer

COMMIT_BYTES = 2 * 2**30
BUFFERS = 2


@dataclass(frozen=True)
class Inputs:
    """What goes through the model.

    Attributes:
        model: The audited model, on its device.
        images: Sample id -> uri.
        classes: Sample id -> class number, where a gradient needs it.
        pace: How many images at once.
    """

    model: AuditedModel
    images: Mapping[str, str]
    classes: Mapping[str, int]
    pace: Pace


def fill(
    store: FeatureStore, specs: Sequence[ArraySpec], inputs: Inputs, reporter: Reporter
) -> int:
    """Compute and commit what is missing of some images; give for how many of them that was."""
    computed = 0
    known = committed_blocks(
        store.folder
    )  # what others commit after the plan was made, it does not know
    plan = store.plan(list(inputs.images), [spec.key for spec in specs])
    # in an order that does not hang on what is there already, so that a resumed run writes the same blocks
    for keys, sample_ids in sorted(plan.missing.items()):
        missing = [spec for spec in specs if spec.key in keys]
        with store.writer(missing, rows=len(sample_ids)) as writer:
            buffers = [Rows(missing, inputs.pace.batch_size) for _ in range(BUFFERS)]
            rows = _rows_a_commit(missing, store.block_rows, inputs.pace.batch_size)
            for start in range(0, len(sample_ids), rows):
                asked = sample_ids[start : start + rows]
                left = _left(store, asked, keys, known)
                reporter.advance(len(asked) - len(left))
                if left:
                    uris = {name: inputs.images[name] for name in left}
                    found = compute(inputs.model, uris, missing, inputs.classes, inputs.pace)
                    known |= {_write(writer, found, buffers, reporter)}
                computed += len(left)
    return computed


def _write(
    writer: Writer, computed: Iterator[Computed], buffers: Sequence[Rows], reporter: Reporter
) -> int:
    """Write a block beside the model that computes it; give its number."""
    with writer.block() as block, ThreadPoolExecutor(1) as thread:
        under_way: deque[Future[None]] = deque()
        for rows in gathered(computed, buffers, reporter):
            under_way.append(thread.submit(_append, block, rows))
            if len(under_way) == len(buffers):  # the next one is used again
                under_way.popleft().result()
        while under_way:
            under_way.popleft().result()
        return block.commit()


def _append(block: Block, rows: Rows) -> None:
    arrays = rows.arrays()
    failures = non_finite(rows.sample_ids, arrays) | rows.unreadable
    block.append(rows.sample_ids, arrays, failures)


def _left(
    store: FeatureStore, sample_ids: list[str], keys: Sequence[str], known: Set[int]
) -> list[str]:
    """Leave out what another run has stored meanwhile: only unknown blocks can hold it."""
    if committed_blocks(store.folder) <= known:
        return sample_ids
    missing = {name for ids in store.plan(sample_ids, keys).missing.values() for name in ids}
    return [name for name in sample_ids if name in missing]


def _rows_a_commit(specs: Sequence[ArraySpec], block_rows: int, batch_size: int) -> int:
    """Bound what a run that dies can lose; the rest of its block stays unused, which costs nothing."""
    row_bytes = sum(spec.row_bytes for spec in specs)
    batches = max(1, COMMIT_BYTES // (row_bytes * batch_size))
    return min(block_rows, batches * batch_size)
