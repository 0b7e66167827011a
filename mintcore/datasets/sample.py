"""One image of a source, and what a source is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mintcore.errors import MintError

MOST_COLUMNS = 4096
"""What a source may say of each image; every row has all of them."""
_SHOWN_COLUMNS, _SHOWN_CHARACTERS = 20, 60


@dataclass(frozen=True)
class Sample:
    """One image of a source, not yet read.

    Args:
        uri: Where the image is, as ``mintcore.datasets.uris`` writes it; ``read_pixels`` reads it.
        columns: All that the source says of the image, as text; None where it says nothing.
    """

    uri: str
    columns: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def label(self) -> str | None:
        """The class, where the source has one."""
        return self.columns.get("label")

    @property
    def identity(self) -> str | None:
        """What images of one person, object or track share."""
        return self.columns.get("identity")

    @property
    def split(self) -> str | None:
        """The source's own split."""
        return self.columns.get("split")


class Source(Protocol):
    """Streams samples; the images themselves stay where they are."""

    @property
    def spec(self) -> str:
        """The source with its absolute path, as ``parse_source`` takes it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names that every sample has in ``columns``."""

    def samples(self) -> Iterator[Sample]:
        """Yield the samples, in the same order every time."""


def require_few_columns(names: Sequence[str], file: Path) -> None:
    """Refuse a table with too many columns.

    Raises:
        MintError: There are more than ``MOST_COLUMNS``.
    """
    if len(names) > MOST_COLUMNS:
        raise MintError(
            f"{file} has {len(names):,} columns: leave at most {MOST_COLUMNS:,}, of which it needs one."
        )


def listed_columns(names: Sequence[str]) -> str:
    """List the first columns for an error, none of them at length."""
    shown = [name[:_SHOWN_CHARACTERS] for name in names[:_SHOWN_COLUMNS]]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"{more:,} more"] if more else [])]) or "none"
