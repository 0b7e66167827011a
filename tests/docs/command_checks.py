"""What is wrong with the command lines of a page, by the commands themselves; nothing is run."""

import importlib.util
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer.main
from command_lines import Words, block_commands, inline_commands, of_mint
from markdown_pages import ROOT, Page

from mintcore.auditors import KIND_WORDS
from mintcore.cli.program import app
from mintcore.datasets.membership import MEMBERSHIPS
from mintcore.datasets.sources import SOURCES
from mintcore.models.layers import VIEWS
from mintcore.reports.formats import FORMATS

MINT = typer.main.get_command(app)
_PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_-]*|\.\.\.")
_UsageError: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


def _each_of(*names: str) -> Callable[[str], bool]:
    return lambda value: set(value.split(",")) <= set(names)


def _begins_with(*names: str) -> Callable[[str], bool]:
    return lambda value: value.partition(":")[0] in names


CHOICES = {
    "kind": _each_of(*KIND_WORDS),
    "kinds": _each_of(*KIND_WORDS),
    "views": _each_of(*VIEWS),
    "membership": _begins_with(*MEMBERSHIPS, "column", "ledger"),
    "source": _begins_with(*SOURCES),
    "formats": _each_of(*FORMATS),
}
"""Parameter -> whether it can have a value, where a command asks that only when it runs."""


def wrong_commands(page: Page) -> list[str]:
    """List what is wrong with a page's command lines: in blocks they are whole, in running text they may be cut."""
    whole = [(words, True) for words in block_commands(page)]
    cut = [(words, False) for words in inline_commands(page)]
    return [
        f"{' '.join(words)}: {why}" for words, all_ in whole + cut for why in _wrong(words, all_)
    ]


def named_commands(page: Page) -> set[str]:
    """Give the commands that a page calls, such as ``mint model add``."""
    called = [of_mint(words) for words in [*block_commands(page), *inline_commands(page)]]
    return {" ".join(["mint", *_path(words)]) for words in called if words is not None}


def all_commands() -> list[str]:
    """List the commands of the program."""
    return [path for path, _ in _below(MINT, "mint")]


def commands_with(parameter: str) -> list[str]:
    """List the commands that have a parameter."""
    return [
        path
        for path, each in _below(MINT, "mint")
        if parameter in [known.name for known in each.params]
    ]


def _below(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _wrong(words: Words, whole: bool) -> list[str]:
    called = of_mint(words)
    if called is not None:
        return _wrong_in_mint(MINT, MINT.context_class(MINT, info_name="mint"), called, whole)
    if words[0] == "./run":
        return [] if words[1] == "test" else [f"./run knows no {words[1]!r}"]
    if re.fullmatch(r"python3?", words[0]):
        return _wrong_in_python(words[1:])
    return _unknown_extras(words) if words[0] == "pip" else []


def _wrong_in_mint(command: Any, context: Any, words: Sequence[str], whole: bool) -> list[str]:
    """Say what is wrong with the words after a command or a group of commands."""
    words = [word for word in words if word != "..."]
    try:
        if hasattr(command, "commands"):
            return _wrong_in_group(command, context, words, whole)
        given, rest, _ = command.make_parser(context).parse_args(words)
    except _UsageError as error:
        sentence = str(error.format_message())
        if whole or "requires an argument" not in sentence:
            return [sentence]
        return _wrong_in_mint(command, context, [*words, "VALUE"], whole)
    surplus = [f"{word!r} is one argument too many" for word in rest]
    return surplus + _wrong_values(command, context, given, whole)


def _wrong_in_group(group: Any, context: Any, words: Sequence[str], whole: bool) -> list[str]:
    rest = _after_options(group, context, words)
    if not rest:
        return ["a command is missing"] if whole and not words else []
    inner = group.commands.get(rest[0])
    if inner is None:
        any_command = not whole and _PLACEHOLDER.fullmatch(rest[0])
        return [] if any_command else [f"there is no command {rest[0]!r}"]
    below = inner.context_class(inner, info_name=rest[0], parent=context)
    return _wrong_in_mint(inner, below, rest[1:], whole)


def _after_options(group: Any, context: Any, words: Sequence[str]) -> list[str]:
    """Give the words from the name of a command on, which some groups supply."""
    if group is MINT or not words or words[0] == "--help":  # its options do something at once
        _, rest, _ = group.make_parser(context).parse_args(list(words))
        return list(rest)
    group.parse_args(context, list(words))
    return [*context._protected_args, *context.args]


def _wrong_values(command: Any, context: Any, given: Mapping[str, Any], whole: bool) -> list[str]:
    found = []
    for parameter in command.params:
        value = given.get(parameter.name)
        if not parameter.value_is_missing(value):
            found += _wrong_value(parameter, value, context)
        elif parameter.required and whole and not given.get("help"):
            found.append(f"{parameter.name} is missing")
    return found


def _wrong_value(parameter: Any, value: Any, context: Any) -> list[str]:
    each = [str(one) for one in (value if isinstance(value, (list, tuple)) else [value])]
    if any(_PLACEHOLDER.fullmatch(one) for one in each):
        return []
    try:
        parameter.get_runtime_param().coerce(value, parameter, context)
    except _UsageError as error:
        return [str(error.format_message())]
    fits = CHOICES.get(parameter.name, lambda _: True)
    return [f"{parameter.name} cannot be {one!r}" for one in each if not fits(one)]


def _path(words: Words) -> list[str]:
    """Give the leading words that name a command."""
    command: Any = MINT
    path = []
    for word in words:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        path.append(word)
    return path


def _wrong_in_python(words: Words) -> list[str]:
    """Say what is wrong with ``-m MODULE ...`` or ``FILE ...``: what is run and, where it is ours, its options."""
    file = _module_file(words[1]) if words[0] == "-m" else ROOT / words[0]
    if file is None or not file.is_file():
        return ["there is nothing to run"]
    ours = file.is_relative_to(ROOT) and ".venv" not in file.parts
    options = [word for word in words if word.startswith("--")] if ours else []
    source = file.read_text(encoding="utf-8")
    return [f"it has no option {option}" for option in options if f'"{option}"' not in source]


def _module_file(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    if spec is not None and spec.submodule_search_locations:
        return _module_file(f"{name}.__main__")
    return Path(spec.origin) if spec is not None and spec.origin else None


def _unknown_extras(words: Words) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = re.findall(r"mint-workbench\[([\w,-]+)\]", " ".join(words))
    extras = [extra for group in asked for extra in group.split(",")]
    return [f"no extra is {e!r}" for e in extras if e not in project["optional-dependencies"]]
