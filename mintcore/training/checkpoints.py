"""What a training that is stopped midway goes on from, once the same training is asked for again."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mintcore.errors import MintError
from store.artefacts import Home
from store.digests import digest_of
from store.durability import put_in_place

UNFINISHED = "unfinished"


class Checkpoint:
    """The last finished epoch of one training, in the home folder.

    Trainings of one name that differ in anything have files of their own, so that a command that is
    given with another setting by mistake destroys nothing.

    Attributes:
        folder: Where they are; removed when the model is published.
        file: The one of this training.

    Args:
        home: The home folder.
        name: Name of the model to be.
        made_from: All that the training depends on, JSON values.
    """

    def __init__(self, home: Home, name: str, made_from: Mapping[str, Any]) -> None:
        digest = digest_of(json.dumps(made_from, sort_keys=True).encode())
        self.folder = home.path / UNFINISHED / home.folder("models", name).name
        self.file = self.folder / f"{digest}.pt"

    def load(self) -> dict[str, Any] | None:
        """Give what ``save`` was given, on the CPU; None where there is nothing.

        Raises:
            MintError: The file is damaged.
        """
        if not self.file.is_file():
            return None
        try:
            state: dict[str, Any] = torch.load(self.file, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged archive raises nearly any type
            raise MintError(
                f"{self.file} cannot be read ({type(error).__name__}): delete it, to train from the beginning."
            ) from error
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep tensors and plain values, in place of what was saved before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._partial()
        torch.save(dict(state), unfinished)
        put_in_place(unfinished, self.file)

    def remove(self) -> None:
        """Remove the checkpoints of all trainings of this name: the model is there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _partial(self) -> Path:
        return self.file.with_suffix(f".{os.getpid()}")
