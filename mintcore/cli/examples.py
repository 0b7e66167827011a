"""The examples in the help of commands."""

import re
from typing import Any

_EXAMPLE = re.compile(r"^(?=Example: )", re.MULTILINE)
_NOT_WRAPPED = "\b\n"
"""Before a paragraph, it has the help keep the lines of it."""


def keep_examples(command: Any) -> None:
    """Have the help print the examples of a command, and of all below it, in their own lines.

    Args:
        command: As typer makes it; its help is changed.
    """
    if command.help:
        command.help = _EXAMPLE.sub(_NOT_WRAPPED, command.help)
    for below in getattr(command, "commands", {}).values():
        keep_examples(below)


def examples_of(command: Any) -> list[str]:
    """List the examples of one command as a person would paste them, each in one line.

    Args:
        command: As typer makes it.
    """
    paragraphs = (command.help or "").replace("\b", "").split("\n\n")
    found = (paragraph.strip() for paragraph in paragraphs)
    return [
        re.sub(r"\s*\\\n\s*", " ", paragraph.removeprefix("Example: "))
        for paragraph in found
        if paragraph.startswith("Example: ")
    ]
