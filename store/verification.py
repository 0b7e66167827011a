"""Verification: every byte of a store is read and compared with what the store says of it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from store.activations import arrays_on_disk, metadata_file
from store.array_checks import Arrays, check_groups, check_shards
from store.artefacts import read_card
from store.blocks import Source, block_files, read_source
from store.digests import DIGEST
from store.disk import file_bytes
from store.errors import StoreError
from store.feature_store import FeatureStore, open_store
from store.index_checks import check_agreement, check_listings, check_sealed
from store.metadata import group_files
from store.problems import Problem
from store.sealed import Sealed
from store.segments import Segment, block_of

Track = Callable[[Sequence[int]], Iterable[int]]
"""Passes on the blocks that are about to be looked at, one by one: who reports progress does it between them."""

_BACKUP = "restore it from a backup"


@dataclass(frozen=True)
class Verification:
    """What was found.

    Args:
        problems: All that is wrong, in the order of files.
        files: How many files were checked.
        rows: How many rows of the index.
        bytes: How many bytes.
    """

    problems: tuple[Problem, ...]
    files: int
    rows: int
    bytes: int


def verify(store: FeatureStore, track: Track = iter) -> Verification:
    """Check every file of a store; others may write meanwhile.

    At most 64 MiB of activations are in memory at a time (or a few chunks, where they are larger).

    Raises:
        UnreachableError: The store is on object storage, which does not answer.
    """
    store.shelf.compare()
    found = inspect(store, None, track)
    if not found.problems:
        return found
    # What was repaired, collected or sealed in this moment looks right at a second look.
    store.shelf.compare()
    again = {_identity(problem) for problem in inspect(store, blocks_of(found.problems)).problems}
    problems = tuple(problem for problem in found.problems if _identity(problem) in again)
    return Verification(problems, found.files, found.rows, found.bytes)


def verify_folder(folder: Path, track: Track = iter) -> Verification:
    """Check a store, even one that cannot be opened."""
    try:
        store = open_store(folder)
    except StoreError as error:
        return Verification((_why_closed(folder, error),), 1, 0, 0)
    return verify(store, track)


def inspect(
    store: FeatureStore, blocks: Collection[int] | None = None, track: Track = iter
) -> Verification:
    """Look at a store once.

    Args:
        store: The store.
        blocks: The blocks to look at, besides all that is not in blocks; None for all of them.
        track: Passes on each block when its turn comes.
    """
    looking = _Inspection(store)
    looking.check_card()
    sealed = looking.check_seal()
    looking.check_listings(sealed)
    on_disk = block_files(store.folder)
    of_seal = _by_block(sealed)
    there = sorted(on_disk.keys() | of_seal.keys())
    for block in track([block for block in there if blocks is None or block in blocks]):
        looking.check_block(on_disk.get(block, []), of_seal.get(block, []))
    looking.check_metadata()
    return looking.outcome()


def blocks_of(problems: Iterable[Problem]) -> set[int]:
    """Give the blocks that problems are about."""
    return {problem.block for problem in problems if problem.block is not None}


class _Inspection:
    """What was looked at and found so far."""

    def __init__(self, store: FeatureStore) -> None:
        self._folder, self._block_rows = store.folder, store.block_rows
        self._shelf = store.shelf.uncached()
        self._arrays = Arrays(store.folder, store.card["expected_rows"])
        self._problems: list[Problem] = []
        self._files = self._rows = self._bytes = 0

    def check_card(self) -> None:
        """Check the card; one without a digest cannot be checked, so it is a problem."""
        file = self._folder / "card.json"
        try:
            if DIGEST not in read_card(self._folder):
                raise StoreError(f"{file} has no digest: make the store again, or {_BACKUP}.")
        except StoreError as error:
            self._problems.append(Problem(file.name, "card", str(error)))
        self._count([file])

    def check_seal(self) -> Sealed | None:
        """Check the sealed index; give it where it is whole."""
        seal = check_sealed(self._folder)
        self._problems += seal.problems
        self._count(seal.files)
        return seal.sealed

    def check_listings(self, sealed: Sealed | None) -> None:
        """Check the listings."""
        problems, files = check_listings(self._folder, sealed)
        self._problems += problems
        self._count(files)

    def check_block(self, files: Sequence[Path], sealed: Sequence[Segment]) -> None:
        """Check the segments of a block, and its shards."""
        sources = list(self._read(files))
        self._problems += check_agreement(self._folder, files, sources, sealed)
        for checked in check_shards(self._shelf, self._block_rows, self._arrays, sources):
            self._problems += checked.problems
            self._files += checked.files
            self._bytes += checked.bytes

    def check_metadata(self) -> None:
        """Check the metadata of the arrays that blocks have named, and of all groups."""
        keys = self._arrays.keys()
        groups = group_files(self._folder, {*keys, *arrays_on_disk(self._folder)})
        self._problems += [*self._arrays.problems(), *check_groups(self._folder, groups)]
        self._count([*groups, *(metadata_file(self._folder, key) for key in keys)])

    def outcome(self) -> Verification:
        """Give what was found, in the order of files."""
        ordered = sorted(
            self._problems, key=lambda found: (found.file, found.key or "", found.rows)
        )
        return Verification(tuple(ordered), self._files, self._rows, self._bytes)

    def _read(self, files: Iterable[Path]) -> Iterator[Source]:
        for file in files:
            self._count([file])
            try:
                source = read_source(file, self._block_rows)
            except StoreError as error:
                name = str(file.relative_to(self._folder))
                self._problems.append(Problem(name, "segment", str(error), block=block_of(file)))
            else:
                self._rows += source.segment.rows
                yield source

    def _count(self, files: Iterable[Path]) -> None:
        sizes = [size for file in files if (size := file_bytes(file)) is not None]
        self._files += len(sizes)
        self._bytes += sum(sizes)


def _why_closed(folder: Path, error: StoreError) -> Problem:
    gone = [
        part for part in ("card.json", "index", "activations.zarr") if not (folder / part).exists()
    ]
    if gone and gone[0] != "card.json":
        return Problem(gone[0], "folder", str(error))
    return Problem("card.json", "card", str(error))


def _by_block(sealed: Sealed | None) -> dict[int, list[Segment]]:
    found: dict[int, list[Segment]] = {}
    for segment in sealed.segments if sealed else ():
        found.setdefault(segment.block, []).append(segment)
    return found


def _identity(problem: Problem) -> tuple[str, str, str | None]:
    return problem.file, problem.kind, problem.key
