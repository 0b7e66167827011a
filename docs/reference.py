"""Write the pages that repeat what the program says of itself: ``python docs/reference.py``.

They are ``docs/commands.md``, from the help of the commands, and ``docs/settings.md``, from ``mintcore/settings.py``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from mintcore.cli.program import app
from mintcore.settings import SETTINGS

FOLDER = Path(__file__).parent
_WRITTEN = "`python docs/reference.py` writes this page."


def commands_page() -> str:
    """Give the page of all commands, a table for each group."""
    root = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "Every command says with `--help` what its options are, and shows an example. "
        f"[Settings](settings.md) are environment variables. "
        f"{_WRITTEN}",
        "",
        *_table("command", "it does", _rows("mint", _without_groups(root))),
    ]
    for name, group in root.commands.items():
        if hasattr(group, "commands"):
            lines += ["", f"## mint {name}", "", group.help, ""]
            lines += _table("command", "it does", _rows(f"mint {name}", group.commands))
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Give the page of all settings."""
    rows = [
        (f"`{each.name}`", f"`{each.default}`" * bool(each.default), each.help) for each in SETTINGS
    ]
    lines = [
        "# Settings",
        "",
        "Environment variables that the program reads. The page *Settings and about* shows which hold. "
        f"{_WRITTEN}",
        "",
        "| variable | usually | what it is for |",
        "| --- | --- | --- |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


PAGES = {"commands.md": commands_page, "settings.md": settings_page}
"""File -> what gives its text."""


def main() -> None:
    """Write the pages."""
    for name, text in PAGES.items():
        (FOLDER / name).write_text(text(), encoding="utf-8")


def _without_groups(root: Any) -> dict[str, Any]:
    return {name: each for name, each in root.commands.items() if not hasattr(each, "commands")}


def _rows(path: str, commands: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, command in commands.items():
        arguments = [p.name.upper() for p in command.params if p.param_type_name == "argument"]
        summary = " ".join(command.help.split("\n\n")[0].split())
        yield f"`{' '.join([path, name, *arguments])}`", summary


def _table(first: str, second: str, rows: Iterator[tuple[str, str]]) -> list[str]:
    return [
        f"| {first} | {second} |",
        "| --- | --- |",
        *(f"| {left} | {right} |" for left, right in rows),
    ]


if __name__ == "__main__":
    main()
