"""Titles: what people call an artefact. Its id stays, for cards refer to each other by ids and never change."""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mintcore.errors import MintError
from mintcore.home_files import write_json
from mintcore.home_lock import changing
from mintcore.library import artefact_versions
from store.artefacts import Home, Kind

TITLED: tuple[Kind, ...] = ("models", "datasets", "auditors")
"""The kinds of artefact that people give names to."""
LONGEST = 80
_FILE = "titles.json"

Titles = dict[str, dict[str, str]]


def read_titles(home: Home) -> Titles:
    """Read the titles: kind of artefact -> id -> title.

    Raises:
        MintError: The file is damaged.
    """
    file = _file(home)
    try:
        return _checked(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise MintError(f"{file} cannot be read ({error}): delete it, and name again.") from error


def titles_version(home: Home) -> int:
    """Give the time the titles last changed, nanoseconds: the key of a cache."""
    try:
        return _file(home).stat().st_mtime_ns
    except OSError:
        return 0


def rename(home: Home, kind: Kind, artefact_id: str, title: str) -> str:
    """Give an artefact a title, or take it away.

    Args:
        home: The home folder.
        kind: One of ``TITLED``.
        artefact_id: The artefact.
        title: At most ``LONGEST`` characters on one line; none takes the title away.

    Returns:
        The title as it is kept.

    Raises:
        StoreError: There is no such artefact; near names are suggested.
        MintError: The title is too long, has characters that cannot be seen, or names another artefact of the kind.
    """
    home.card(kind, artefact_id)
    clean = _clean(title)
    with changing(home):
        titles = read_titles(home)
        _refuse_taken(home, kind, artefact_id, clean, titles)
        of_kind = {**titles.get(kind, {}), artefact_id: clean}
        write_json(
            _file(home), titles | {kind: {key: value for key, value in of_kind.items() if value}}
        )
    return clean


def forget(home: Home, gone: Mapping[str, set[str]]) -> None:
    """Drop the titles of artefacts that are gone; the caller holds the home folder's lock.

    Args:
        home: The home folder.
        gone: Kind of artefact -> ids.
    """
    titles = read_titles(home)
    left = {
        kind: {key: title for key, title in named.items() if key not in gone.get(kind, ())}
        for kind, named in titles.items()
    }
    if left != titles:
        write_json(_file(home), left)


def _clean(title: str) -> str:
    clean = unicodedata.normalize("NFC", title.strip())
    unseen = [
        each for each in clean if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]
    if unseen:
        raise MintError(
            f"A title is one line of characters that can be seen, without U+{ord(unseen[0]):04X}: leave it out."
        )
    if len(clean) > LONGEST:
        raise MintError(f"A title has at most {LONGEST} characters, not {len(clean)}: shorten it.")
    return clean


def _refuse_taken(home: Home, kind: Kind, artefact_id: str, title: str, titles: Titles) -> None:
    """Refuse the name of another artefact: nobody could tell the two apart."""
    titled = {other for other, taken in titles.get(kind, {}).items() if taken == title}
    called = {title} & artefact_versions(home, kind).keys()
    if title and (titled | called) - {artefact_id}:
        raise MintError(f"Another of the {kind} is called {title!r} already: choose another title.")


def _checked(read: Any) -> Titles:
    if not isinstance(read, dict) or not all(isinstance(each, dict) for each in read.values()):
        raise ValueError("it holds something else than titles")
    return {kind: {str(key): str(title) for key, title in of.items()} for kind, of in read.items()}


def _file(home: Home) -> Path:
    return home.path / _FILE
