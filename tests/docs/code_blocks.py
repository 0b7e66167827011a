"""Blocks of code on a page, and which of them cannot be read by what they are written for."""

import ast
import json
import re
import tomllib
from collections.abc import Callable

from markdown_pages import Code, Page


def broken_blocks(page: Page) -> list[str]:
    """Say of each block in Python, TOML or JSON that is not whole what is wrong with it."""
    return [why for block in page.blocks for why in _wrong(block)]


def _wrong(block: Code) -> list[str]:
    try:
        _READERS.get(block.language, str)(block.text)
    except (SyntaxError, tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        return [f"{block.text.splitlines()[0]}: {error}"]
    return []


def _read_python(text: str) -> None:
    """Read a module, or lines of a table, whose first line says so: ``# FILE, in TABLE``."""
    is_of_table = re.match(r"# \S+, in \w+\n", text)
    ast.parse(f"{{\n{text}\n}}" if is_of_table else text)


_READERS: dict[str, Callable[[str], object]] = {
    "python": _read_python,
    "toml": tomllib.loads,
    "json": json.loads,
}
