"""The default auditor: the one that a person chose to be offered first. A small file of the home folder says which."""

import json
from pathlib import Path

from mintcore.errors import MintError
from mintcore.home_files import write_json
from mintcore.home_lock import changing
from store.artefacts import Home

_FILE = "default-auditor.json"


def default_auditor(home: Home) -> str | None:
    """Give the id of the default auditor; None where none was chosen, or where it was deleted since.

    Raises:
        MintError: The file is damaged.
    """
    file = _file(home)
    try:
        chosen = json.loads(file.read_text(encoding="utf-8"))["auditor"]
        there = home.has("auditors", chosen)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise MintError(f"{file} cannot be read ({error}): delete it, and choose again.") from error
    return str(chosen) if there else None


def promote(home: Home, auditor: str) -> None:
    """Make an auditor the default.

    Raises:
        StoreError: There is no such auditor; near names are suggested.
        MintError: The home folder cannot be written.
    """
    home.card("auditors", auditor)
    with changing(home):
        write_json(_file(home), {"auditor": auditor})


def demote(home: Home) -> None:
    """Have no default auditor any more.

    Raises:
        MintError: The home folder cannot be written.
    """
    with changing(home):
        _file(home).unlink(missing_ok=True)


def _file(home: Home) -> Path:
    return home.path / _FILE
