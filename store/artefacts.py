"""Artefact folders: immutable, published by one atomic rename, each with a ``card.json``."""

import difflib
import errno
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from store.cards import Card, Kind, card_digest, own_card, read_card, write_card
from store.durability import flush_file, flush_tree
from store.errors import StoreError

__all__ = ["Card", "Home", "Kind", "card_digest", "read_card", "write_card"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_SHOWN = 100
_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Home:
    """One folder that holds all artefacts of a workbench.

    Args:
        path: The folder; made on the first write.
    """

    path: Path

    def folder(self, kind: Kind, artefact_id: str) -> Path:
        """Give the folder of an artefact, whether or not it exists.

        Raises:
            StoreError: The id has other characters than letters, digits, dot, dash and underscore.
        """
        if not _ID.fullmatch(artefact_id):
            raise StoreError(
                f"{artefact_id[:_SHOWN]!r} is not a usable name: use 1 to 96 letters, digits, '.', '-' "
                "or '_', beginning with a letter or digit."
            )
        return self.path / kind / artefact_id

    @property
    def staging(self) -> Path:
        """The folder in which artefacts are written before they are published."""
        return self.path / ".staging"

    def has(self, kind: Kind, artefact_id: str) -> bool:
        """Tell whether an artefact has been published.

        Raises:
            StoreError: The id is not usable, or the home folder may not be read.
        """
        try:
            return (self.folder(kind, artefact_id) / "card.json").is_file()
        except OSError as error:
            raise self._unreadable(error) from error

    def card(self, kind: Kind, artefact_id: str) -> Card:
        """Read the card of an artefact.

        Raises:
            StoreError: No such artefact (near names are suggested), or its card cannot be read.
        """
        if not self.has(kind, artefact_id):
            raise StoreError(self._unknown(kind, artefact_id))
        return own_card(self.folder(kind, artefact_id), kind)

    def cards(self, kind: Kind) -> list[Card]:
        """Read the cards of all artefacts of a kind, oldest first.

        Raises:
            StoreError: The home folder may not be read, or a card is damaged.
        """
        cards = (own_card(folder, kind) for folder in self._folders(kind))
        return sorted(cards, key=lambda card: card["created"])

    @contextmanager
    def publishing(self, kind: Kind, artefact_id: str) -> Iterator[Path]:
        """Yield a staging folder that becomes the artefact by one rename when the block ends well.

        Nothing is left behind when the block fails. Where the artefact exists by then, the one that
        was there first stays, since artefacts are immutable.

        Raises:
            StoreError: The home folder cannot be written, or the disk is full.
        """
        target = self.folder(kind, artefact_id)
        staging = self._staging()
        try:
            yield staging
            flush_tree(staging)
            self._put(staging, target)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise StoreError(
                f"The disk of {self.path} is full: free some space, then try again."
            ) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _staging(self) -> Path:
        try:
            self.staging.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self.staging))
        except OSError as error:
            raise self._unwritable(error) from error

    def _put(self, staging: Path, target: Path) -> None:
        try:
            _place(staging, target)
        except OSError as error:
            if error.errno not in _DENIED:
                raise
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"The home folder {self.path} cannot be written ({error.strerror}): "
            "choose another with --home or MINT_HOME."
        )

    def _unreadable(self, error: OSError) -> StoreError:
        return StoreError(
            f"The home folder {self.path} cannot be read ({error.strerror}): "
            "let its owner allow it, or choose another with --home or MINT_HOME."
        )

    def _folders(self, kind: Kind) -> list[Path]:
        """List the artefacts of a kind; one that may not be read is an error, and is not passed over."""
        try:
            folders = sorted((self.path / kind).iterdir())
            return [folder for folder in folders if (folder / "card.json").exists()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._unreadable(error) from error

    def _unknown(self, kind: Kind, artefact_id: str) -> str:
        names = [folder.name for folder in self._folders(kind)]
        near = difflib.get_close_matches(artefact_id, names, n=3)
        if near:
            hint = f"Did you mean {' or '.join(near)}?"
        elif names:
            hint = f"There are: {', '.join(names[:10])}."
        else:
            hint = "There are none yet."
        return f"No {kind[:-1]} is called {artefact_id!r} in {self.path}. {hint}"


def _place(staging: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        staging.rename(target)
    except OSError:
        if not target.exists():  # a non-empty folder is never replaced: the first one stays
            raise
    flush_file(target.parent)
