"""Artefact folders: immutable, published by one atomic rename, each with a ``card.json``."""

import difflib
import errno
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from store.digests import DIGEST, digest_of
from store.durability import flush_file, flush_tree
from store.errors import StoreError

Kind = Literal[
    "models",
    "datasets",
    "stores",
    "auditors",
    "audits",
    "comparisons",
    "methods",
    "protocols",
    "overlaps",
]
Card = dict[str, Any]

CARD_FORMAT = 1
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


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
                f"{artefact_id!r} is not a usable name: use 1 to 96 letters, digits, '.', '-' "
                "or '_', beginning with a letter or digit."
            )
        return self.path / kind / artefact_id

    @property
    def staging(self) -> Path:
        """The folder in which artefacts are written before they are published."""
        return self.path / ".staging"

    def has(self, kind: Kind, artefact_id: str) -> bool:
        """Tell whether an artefact has been published."""
        return (self.folder(kind, artefact_id) / "card.json").is_file()

    def card(self, kind: Kind, artefact_id: str) -> Card:
        """Read the card of an artefact.

        Raises:
            StoreError: No such artefact (near names are suggested), or its card cannot be read.
        """
        if not self.has(kind, artefact_id):
            raise StoreError(self._unknown(kind, artefact_id))
        return read_card(self.folder(kind, artefact_id))

    def cards(self, kind: Kind) -> list[Card]:
        """Read the cards of all artefacts of a kind, oldest first."""
        folders = sorted((self.path / kind).glob("*/card.json"))
        return sorted(
            (read_card(file.parent) for file in folders), key=lambda card: card["created"]
        )

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
            _place(staging, target)
        except OSError as error:
            if error.errno != errno.ENOSPC:
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
            raise StoreError(
                f"The home folder {self.path} cannot be written ({error.strerror}): "
                "choose another with --home or MINT_HOME."
            ) from error

    def _unknown(self, kind: Kind, artefact_id: str) -> str:
        names = sorted(file.parent.name for file in (self.path / kind).glob("*/card.json"))
        near = difflib.get_close_matches(artefact_id, names, n=3)
        if near:
            hint = f"Did you mean {' or '.join(near)}?"
        elif names:
            hint = f"There are: {', '.join(names[:10])}."
        else:
            hint = "There are none yet."
        return f"No {kind[:-1]} is called {artefact_id!r} in {self.path}. {hint}"


def write_card(folder: Path, kind: Kind, artefact_id: str, **fields: Any) -> Card:
    """Write ``card.json``, with a digest of itself, into a (staging) folder and return the card.

    Args:
        folder: Where to write it.
        kind: The artefact's kind.
        artefact_id: The artefact's id.
        **fields: What it was made from, with which settings, seed and versions. JSON values.
    """
    card: Card = {
        "id": artefact_id,
        "kind": kind,
        "format": CARD_FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        **fields,
    }
    card[DIGEST] = card_digest(card)
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (folder / "card.json").write_text(text, encoding="utf-8")
    return card


def read_card(folder: Path) -> Card:
    """Read ``card.json``. One without a digest was written by an earlier version, and is accepted.

    Raises:
        StoreError: The card is damaged, or was written by a newer version of the program.
    """
    file = folder / "card.json"
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        version = int(card["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{file} is not a readable card ({error}): restore or delete its folder."
        ) from error
    if version > CARD_FORMAT:
        raise StoreError(
            f"{file} has format {version}, but this version reads up to {CARD_FORMAT}: "
            "update MINT workbench."
        )
    if DIGEST in card and card[DIGEST] != card_digest(card):
        raise StoreError(
            f"{file} was changed since it was written (its digest does not fit): restore it from a "
            "backup, or delete its folder and make it again."
        )
    return dict(card)


def card_digest(card: Card) -> str:
    """Give the digest of all fields of a card but ``digest``, whatever their order."""
    others = {name: value for name, value in card.items() if name != DIGEST}
    return digest_of(json.dumps(others, sort_keys=True, separators=(",", ":")).encode())


def _place(staging: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        staging.rename(target)
    except OSError:
        if not target.exists():  # a non-empty folder is never replaced: the first one stays
            raise
    flush_file(target.parent)
