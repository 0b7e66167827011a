"""Images as files in a folder."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mintcore.datasets.sample import Sample
from mintcore.datasets.uris import file_uri
from mintcore.errors import MintError

_SUFFIXES = "avif bmp gif jpeg jpg pbm pgm png pnm ppm tif tiff webp"
IMAGE_SUFFIXES = frozenset(f".{name}" for name in _SUFFIXES.split())


@dataclass(frozen=True)
class FolderSource:
    """All image files below a folder, sorted; a sub-folder gives its own images their label."""

    folder: Path

    @property
    def spec(self) -> str:
        """``folder:`` and the absolute path."""
        return f"folder:{self.folder}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Only the label."""
        return ("label",)

    def samples(self) -> Iterator[Sample]:
        """Yield the image files. Hidden files and other file types are passed over.

        Raises:
            MintError: A folder cannot be listed, or too many lie inside each other.
        """
        for folder, below, names in _walked(self.folder):
            below.sort()
            here = Path(folder)
            label = here.name if here.parent == self.folder else None
            for name in sorted(names):
                if Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith("."):
                    yield Sample(file_uri(here / name), {"label": label})


def _walked(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    try:
        yield from os.walk(folder, onerror=_refuse_folder)
    except RecursionError as error:
        raise MintError(
            f"{folder} has too many folders inside each other: move the images up."
        ) from error


def _refuse_folder(error: OSError) -> None:
    raise MintError(f"{error.filename} cannot be listed ({error.strerror}): allow it.") from error
