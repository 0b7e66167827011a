"""One image of a source, and what a source is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


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
