"""Where a protocol works: the home folder, what it is given, and steps that are done once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from mintcore.datasets.registration import add_dataset
from mintcore.progress import Reporter
from mintcore.protocols.data import DataFolder, Pictures
from store.artefacts import Home

INPUTS = "inputs"


@dataclass(frozen=True)
class Bench:
    """Where a protocol works.

    Attributes:
        home: Its artefacts; a step whose artefact is there is not done again.
        data: What ``--data`` names.
        device: "auto", "cpu", "cuda" or "cuda:N".
        reporter: Told of all stages.
    """

    home: Home
    data: DataFolder
    device: str
    reporter: Reporter

    def dataset(self, name: str, membership: str, read: Callable[[], Pictures]) -> str:
        """Register a dataset, unless it is there.

        Args:
            name: Its name, which must say which images these are.
            membership: "member", "external" or "unknown": of all of its images.
            read: Gives the images, where they are wanted.

        Returns:
            The name.
        """
        if not self.home.has("datasets", name):
            file = self._written(name, read)
            add_dataset(self.home, name, f"arrays:{file}", membership, reporter=self.reporter)
        return name

    def _written(self, name: str, read: Callable[[], Pictures]) -> Path:
        """Keep images as an array file; one that exists is whole, since it gets its name last."""
        file = self.home.path.absolute() / INPUTS / f"{name}.npz"
        if not file.is_file():
            pictures = read()
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(".partial")
            with temporary.open("wb") as handle:
                _save(handle, pictures)
            temporary.replace(file)
        return file


def _save(handle: IO[bytes], pictures: Pictures) -> None:
    np.savez(handle, images=pictures.images, **pictures.columns)  # type: ignore[arg-type]
