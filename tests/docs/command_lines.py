"""The command lines of a page, as words."""

import re
import shlex
from collections.abc import Iterator
from itertools import product

from markdown_pages import Page

_SHELLS = ("sh", "bash", "console")
_OPERATORS = {"|", "||", "&", "&&", ";", ">", ">>"}
_COMMAND = re.compile(r"([A-Z_]+=\S* )*(mint|\./run|python3?|pip) ")

Words = tuple[str, ...]


def block_commands(page: Page) -> list[Words]:
    """Give the words of each command in the shell blocks of a page."""
    found: list[Words] = []
    for block in page.blocks:
        if block.language in _SHELLS:
            for line in block.text.replace("\\\n", " ").splitlines():
                found += _split(line)
    return found


def inline_commands(page: Page) -> list[Words]:
    """Give the words of each command line in running text."""
    return [words for code in page.inline_code for words in spelt_out(code)]


def spelt_out(code: str) -> list[Words]:
    """Give the command lines that code in running text stands for: ``mint jobs list | log`` is two."""
    if not _COMMAND.match(f"{code} "):
        return []
    places: list[list[str]] = []
    words = iter(shlex.split(code))
    for word in words:
        if word == "|" and places:
            places[-1].append(next(words, ""))
        elif places or not _is_set(word):
            places.append([word])
    return list(product(*places))


def of_mint(words: Words) -> Words | None:
    """Give what ``mint`` is called with; None where something else is called."""
    if words[0] == "mint":
        return words[1:]
    if words[:2] == ("./run", "mint"):
        return words[2:]
    return words[1:] if words[:2] == ("./run", "demo") else None


def _split(line: str) -> Iterator[Words]:
    """Split a line of a shell into its commands, without the variables set before them."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    command: list[str] = []
    for word in [*reader, ";"]:
        if word not in _OPERATORS:
            if command or not _is_set(word):
                command.append(word)
        elif command:
            yield tuple(command)
            command = []


def _is_set(word: str) -> bool:
    return re.match(r"[A-Z_]+=", word) is not None
