"""``manifest.json``: what an export holds, and the digests of its files."""

import hashlib
import json
from pathlib import Path
from typing import Any

from store.exporting.selection import Activations, Selection

VERSION = 1


def describe(selection: Selection, format_name: str) -> dict[str, Any]:
    """Give the facts of an export as JSON values."""
    return {
        "format": f"mint-{format_name}",
        "version": VERSION,
        **selection.origin,
        "images": selection.images,
        "left_out": selection.left_out,
        "arrays": [_describe(array) for array in selection.arrays],
    }


def write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """Write ``manifest.json``."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def described_file(file: Path) -> dict[str, str]:
    """Give a file's name and its BLAKE2b, 128 hex digits as ``b2sum`` prints them."""
    with file.open("rb") as opened:
        return {"file": file.name, "blake2b": hashlib.file_digest(opened, "blake2b").hexdigest()}


def _describe(array: Activations) -> dict[str, Any]:
    return {
        "layer": array.layer,
        "view": array.view,
        "shape": [len(array.rows), *array.shape],
        "dtype": array.dtype.name,
    }
