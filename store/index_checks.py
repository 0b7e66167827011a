"""Checks of a store's index: the sealed index with its pointer, and the listings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from store.blocks import Source, overlapping
from store.database import open_database
from store.digests import digest_file
from store.errors import StoreError
from store.listings import check_listing, listing_files, read_listing
from store.problems import Kind, Problem
from store.sealed import POINTER, Sealed, read_pointer, read_sealed
from store.segments import Segment, block_of

_SEAL = "readers fall back on the segments or fail; `mint store repair` makes it again from them."


@dataclass(frozen=True)
class CheckedSeal:
    """The sealed index, where it is whole.

    Args:
        sealed: The sealed index that the pointer names; None where there is none, or a bad one.
        problems: What is wrong with it or its pointer.
        files: What was read.
    """

    sealed: Sealed | None
    problems: tuple[Problem, ...]
    files: tuple[Path, ...]


def check_sealed(folder: Path) -> CheckedSeal:
    """Check every byte of the sealed index and of its pointer."""
    pointer = folder / POINTER
    try:
        fields = read_pointer(folder)
    except (OSError, ValueError) as error:
        problem = _problem(folder, pointer, "pointer", f"is not readable ({error})")
        return CheckedSeal(None, (problem,), (pointer,))
    if fields is None:
        return CheckedSeal(None, (), ())
    file = folder / fields["file"]
    try:
        size, digest = file.stat().st_size, digest_file(file)
    except OSError as error:
        problem = _problem(folder, file, "sealed", f"is missing ({error.strerror})")
        return CheckedSeal(None, (problem,), (pointer,))
    if (size, digest) != (fields["bytes"], fields["digest"]):
        problem = _problem(folder, file, "sealed", f"is not what {POINTER} says")
        return CheckedSeal(None, (problem,), (pointer, file))
    try:
        with open_database() as connection:
            return CheckedSeal(read_sealed(connection, file), (), (pointer, file))
    except StoreError as error:
        problem = _problem(folder, file, "sealed", f"cannot be read ({error})")
        return CheckedSeal(None, (problem,), (pointer, file))


def check_listings(folder: Path, sealed: Sealed | None) -> tuple[list[Problem], list[Path]]:
    """Check every byte of the listings; give what is wrong, and the files."""
    files = listing_files(folder)
    problems = []
    for file in files:
        try:
            check_listing(file)
            read_listing(file)
        except StoreError as error:
            problems.append(Problem(f"index/{file.name}", "listing", str(error)))
    names = {file.name for file in files}
    for listing in sealed.listings if sealed else ():
        if listing.name not in names:
            message = (
                f"{folder / 'index' / listing.name} is missing although the sealed index has it: "
                f"`mint store repair` forgets it, and the next extraction of {listing.dataset} "
                "writes it again."
            )
            problems.append(Problem(f"index/{listing.name}", "listing", message))
    return problems, files


def check_agreement(
    folder: Path, files: Sequence[Path], sources: Sequence[Source], sealed: Sequence[Segment]
) -> Iterator[Problem]:
    """Compare the segments of a block with each other, and with what the sealed index has of them.

    Args:
        folder: The store.
        files: The segments of the block that are there.
        sources: Those of them that are whole.
        sealed: What the sealed index says of the block's segments.
    """
    for name, other in overlapping(sources).items():
        what = f"has rows that {other} has, too: `mint store repair` makes one of them"
        yield _segment_problem(folder, name, what)
    there = {source.segment.name: source.segment for source in sources}
    for segment in sealed:
        if segment.name not in {file.name for file in files}:
            what = "is missing, but the sealed index has its rows: `mint store repair` restores it"
            yield _segment_problem(folder, segment.name, what)
        elif there.get(segment.name, segment) != segment:
            what = "is not as the sealed index has it: `mint store repair` seals the store again"
            yield _segment_problem(folder, segment.name, what)


def _segment_problem(folder: Path, name: str, what: str) -> Problem:
    file = folder / "index" / name
    return Problem(f"index/{name}", "segment", f"{file} {what}.", block=block_of(file))


def _problem(folder: Path, file: Path, kind: Kind, what: str) -> Problem:
    return Problem(str(file.relative_to(folder)), kind, f"{file} {what}: {_SEAL}")
