"""The steps of a repair; the caller holds the store's lock, and no run is writing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from store.activations import metadata_file, shard_rows
from store.array_checks import Arrays
from store.blocks import OtherFormatError, Source, block_files, read_source, restore_source
from store.digests import digest_file, digest_of
from store.errors import StoreError
from store.feature_store import FeatureStore
from store.index_checks import check_sealed
from store.metadata import group_content, make_again, write_metadata
from store.problems import Problem
from store.rewriting import Block, Loss, rewrite
from store.segments import Segment, StoredArray, read_segment, segment_files, write_segment
from store.shelf import Shelf

Losses = Mapping[int, Sequence[Loss]]
"""What each block loses."""


def mend_groups(shelf: Shelf, problems: Iterable[Problem]) -> None:
    """Write the ``zarr.json`` of groups again."""
    for problem in problems:
        if problem.kind == "group":
            write_metadata(shelf.folder / problem.file, group_content())
            shelf.share(problem.file)


def restore_segments(store: FeatureStore, problems: Iterable[Problem]) -> None:
    """Write segments that are damaged or gone again, where the sealed index has their rows.

    Raises:
        OtherFormatError: Another version of the program has written a segment.
    """
    sealed = check_sealed(store.folder).sealed
    files = {problem.file for problem in problems if problem.kind == "segment"}
    for file in sorted(store.folder / file for file in files):
        if whole_source(file, store.block_rows) is None and sealed is not None:
            try:
                source = restore_source(sealed, file.name, store.block_rows)
            except StoreError:  # what it has of this segment cannot be
                continue
            if source is not None:
                write_segment(store.folder, source.segment, source.rows)
                store.shelf.share(f"index/{file.name}")


def mend_metadata(store: FeatureStore, problems: Iterable[Problem]) -> Losses:
    """Make the ``zarr.json`` of arrays again; give what is lost where that is not what it was."""
    losses: dict[int, list[Loss]] = defaultdict(list)
    for key in {problem.key for problem in problems if problem.kind == "metadata" and problem.key}:
        claims = [(segment, segment.arrays[key]) for segment in _segments(store.folder, key)]
        digest = _mend(store, key, [stored for _, stored in claims])
        for segment, stored in claims:
            if stored.metadata_digest != digest:
                losses[segment.block].append(Loss(key, segment.first_row, segment.stop_row))
    return losses


def losses_of(problems: Iterable[Problem]) -> Losses:
    """Give the rows that arrays lose, by block."""
    losses: dict[int, list[Loss]] = defaultdict(list)
    for problem in problems:
        if problem.key is not None and problem.block is not None:
            losses[problem.block] += [Loss(problem.key, *rows) for rows in problem.rows]
    return losses


def rewrite_block(store: FeatureStore, number: int, losses: Iterable[Loss]) -> dict[str, int]:
    """Write the segments of a block again; give how many rows every array lost."""
    files = block_files(store.folder).get(number, [])
    found = [whole_source(file, store.block_rows) for file in files]
    sources = [source for source in found if source is not None]
    arrays = Arrays(store.folder, store.card["expected_rows"])
    rows = {}
    for source in sources:
        for key, stored in source.segment.arrays.items():
            if (array := arrays.open(stored, number)) is not None:
                rows[key] = shard_rows(array)
    return rewrite(store.shelf, Block(number, store.block_rows, sources), losses, rows)


def whole_source(file: Path, block_rows: int) -> Source | None:
    """Read a segment; None where it is damaged or gone.

    Raises:
        OtherFormatError: Another version of the program has written it.
    """
    try:
        return read_source(file, block_rows)
    except OtherFormatError:
        raise
    except StoreError:
        return None


def _segments(folder: Path, key: str) -> list[Segment]:
    """Give the segments that have an array, as far as they can be read."""
    found = []
    for file in segment_files(folder):
        try:
            segment = read_segment(file)
        except StoreError:
            continue
        if segment.holds([key]):
            found.append(segment)
    return found


def _mend(store: FeatureStore, key: str, claims: Sequence[StoredArray]) -> str | None:
    """Make one ``zarr.json`` what some segment says; give its digest, None where that fails."""
    file = metadata_file(store.folder, key)
    digests = {stored.metadata_digest for stored in claims}
    if file.exists() and (digest := digest_file(file)) in digests:
        return digest
    for spec in {stored.spec: None for stored in claims}:
        content, _ = make_again(spec, store.card["expected_rows"])
        if (digest := digest_of(content)) in digests:
            write_metadata(file, content)
            store.shelf.share(str(file.relative_to(store.folder)))
            return digest
    return None
