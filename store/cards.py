"""Cards: what an artefact is, what it was made from and how, as JSON that tells a change of itself."""

import json
import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from store.digests import DIGEST, digest_of
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
MOST_CARD_BYTES = 2**26
"""The largest cards, of auditors of many layers, have about 100 kB."""
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


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
        text = _text_of(file)
        card = json.loads(text)
        version = _format_of(card)
        if _HALF_CHARACTER.search(text):  # could neither be shown nor be written again
            json.dumps(card, ensure_ascii=False).encode()
        changed = DIGEST in card and card[DIGEST] != card_digest(card)
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(
            f"{file} is not a readable card ({error}): restore or delete its folder."
        ) from error
    if version > CARD_FORMAT:
        raise StoreError(
            f"{file} has format {version}, but this version reads up to {CARD_FORMAT}: "
            "update MINT workbench."
        )
    if changed:
        raise StoreError(
            f"{file} was changed since it was written (its digest does not fit): restore it from a "
            "backup, or delete its folder and make it again."
        )
    return dict(card)


def own_card(folder: Path, kind: Kind) -> Card:
    """Read the card of an artefact where it lies, ``KIND/ID``: its own, and not that of another.

    Raises:
        StoreError: As ``read_card``, or the card is that of another artefact or says no time.
    """
    card = read_card(folder)
    if (card.get("id"), card.get("kind")) != (folder.name, kind):
        raise StoreError(
            f"{folder / 'card.json'} is the card of another artefact: restore or delete its folder."
        )
    if not isinstance(card.get("created"), str):
        raise StoreError(
            f"{folder / 'card.json'} does not say when it was made: restore or delete its folder."
        )
    return card


def card_digest(card: Card) -> str:
    """Give the digest of all fields of a card but ``digest``, whatever their order."""
    others = {name: value for name, value in card.items() if name != DIGEST}
    return digest_of(json.dumps(others, sort_keys=True, separators=(",", ":")).encode())


def _text_of(file: Path) -> str:
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for, a device may never end
        raise ValueError("it is no file")
    if status.st_size > MOST_CARD_BYTES:
        raise ValueError(f"it has more than {MOST_CARD_BYTES:,} bytes")
    return file.read_text(encoding="utf-8")


def _format_of(card: Any) -> int:
    version = card.get("format") if isinstance(card, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError("it has no format")
    return version
