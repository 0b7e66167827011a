"""The images of an extraction, in windows, so that memory does not grow with the datasets."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mintcore.datasets.reading import samples_file
from store.artefacts import Home
from store.sample_streams import SampleStream, distinct_samples

WINDOW_IMAGES = 4 * 65_536


@dataclass(frozen=True)
class Window:
    """Some images, in order.

    Attributes:
        uris: Sample id -> where the image can be read.
        labels: Sample id -> label.
    """

    uris: dict[str, str]
    labels: dict[str, str | None]


@dataclass(frozen=True)
class Images:
    """All images of an extraction, each once, however many datasets share it."""

    stream: SampleStream

    @property
    def count(self) -> int:
        """How many there are."""
        return self.stream.count

    def windows(self) -> Iterator[Window]:
        """Give them window by window, the same every time."""
        for table in self.stream.windows(WINDOW_IMAGES):
            ids, uris, labels = (column.to_pylist() for column in table.columns)
            yield Window(dict(zip(ids, uris, strict=True)), dict(zip(ids, labels, strict=True)))


@contextmanager
def listing_images(home: Home, datasets: Sequence[str]) -> Iterator[Images]:
    """List the readable images of some datasets.

    Raises:
        StoreError: There is no such dataset, or it cannot be read.
    """
    with distinct_samples([samples_file(home, dataset) for dataset in datasets]) as stream:
        yield Images(stream)
