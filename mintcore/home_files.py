"""Small files of a home folder that are no artefacts: each is replaced as a whole."""

import json
from pathlib import Path
from typing import Any

from mintcore.errors import MintError
from store.durability import put_in_place


def write_json(file: Path, content: Any) -> None:
    """Write a file anew: whole and on disk, or not at all.

    Raises:
        MintError: It cannot be written.
    """
    try:
        new = file.with_suffix(".new")
        new.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        put_in_place(new, file)
    except OSError as error:
        raise MintError(f"{file} cannot be written ({error.strerror}): make room.") from error
